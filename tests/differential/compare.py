"""Send the rows of a case in every way, and note each answer that is not the estimator's."""

from dataclasses import dataclass
from typing import Any

from pandas import CategoricalDtype
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from tests.differential.cases import Case
from tests.differential.channels import ALONE, MANY, ONLY_ALONE, PROBA, Channel
from tests.differential.expect import Expected, Judge
from tests.differential.front import Answer, Service
from tests.differential.rows import Row

SAMPLE = 5
"""So many rows that have no answer are sent by each protocol, one a request."""


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong."""

    case: str
    kind: str
    channel: str = ""
    row: Row | None = None
    expected: str = ""
    got: str = ""


class Comparison:
    """One case against the service that serves it."""

    def __init__(self, case: Case, service: Service, judge: Judge):
        self.case, self.service, self.judge = case, service, judge
        self.failures: list[Failure] = []
        self.compared = 0
        service.texts = {name for name in case.frame if not _is_number(case.frame[name].dtype)}
        numeric = all(is_numeric_dtype(dtype) and not is_bool_dtype(dtype) for dtype in case.frame.dtypes)
        self.many = [channel for channel in MANY if numeric or "matrix" not in channel.name]

    def run(self, expected: list[Expected]) -> None:
        """Compare every row alone, and by every protocol together."""
        for place, each in enumerate(expected):
            self._single(ALONE[place % 2], each)
        good = [each for each in expected if each.answers]
        for channel in self.many:
            self._many(channel, _taken(channel, good))
        self._no_answers(expected, good)
        for each in _taken(ONLY_ALONE[0], good)[:SAMPLE]:
            self._single(ONLY_ALONE[0], each)
        if self.judge.proba:
            known = [each for each in good if each.outcomes[0].proba and _finite(each)]
            for channel in PROBA[: 2 if len(self.judge.spread) == 1 else 1]:
                self._many(channel, _taken(channel, known))
                for each in _taken(channel, known[:SAMPLE]):
                    self._single(channel, each)

    def _no_answers(self, expected: list[Expected], good: list[Expected]) -> None:
        """Send some rows that have no answer by every protocol, and one of each kind among good ones."""
        for kind in ("raise", "nonfinite"):
            some = [each for each in expected if not each.may_refuse and each.outcomes[0].kind == kind]
            for place, channel in enumerate(self.many):
                for each in _taken(channel, some)[place % 3 : place % 3 + 2]:
                    self._single(channel, each)
            for each in some[:SAMPLE]:
                among = [one.row for one in good[:3]]
                answer = MANY[0].send(self.service, [*among, each.row])
                self._refused(MANY[0], each, answer, "among others")

    def _single(self, channel: Channel, each: Expected) -> None:
        self.compared += 1
        answer = channel.send(self.service, [each.row])
        if answer.status == 200:
            return self._judge(channel, each, answer, 0)
        if answer.status >= 500:
            return self._fail("5xx", channel, each, answer)
        if each.answers:
            return self._fail("refused, and the estimator answers", channel, each, answer)
        nonfinite = not each.may_refuse and each.outcomes[0].kind == "nonfinite"
        if nonfinite and answer.status not in channel.invalid:
            self._fail(f"status {answer.status} for an answer that is not finite", channel, each, answer)
        return None

    def _refused(self, channel: Channel, each: Expected, answer: Answer, how: str) -> None:
        self.compared += 1
        if answer.status >= 500:
            self._fail(f"5xx {how}", channel, each, answer)
        elif answer.status == 200:
            self._fail(f"answered {how}, and the estimator gives {each.outcomes[0].kind}", channel, each, answer)

    def _many(self, channel: Channel, some: list[Expected]) -> None:
        """Send many rows at once; if that is refused, each half, until it is known which row is."""
        if not some:
            return
        answer = channel.send(self.service, [each.row for each in some])
        if answer.status == 200:
            self.compared += len(some)
            for place, each in enumerate(some):
                self._judge(channel, each, answer, place, len(some))
        elif len(some) == 1:
            self._single(channel, some[0])
        elif len(self.failures) < 300:
            self._many(channel, some[: len(some) // 2])
            self._many(channel, some[len(some) // 2 :])

    def _judge(self, channel: Channel, each: Expected, answer: Answer, place: int, count: int = 1) -> None:
        """Look at one row's answer."""
        try:
            values, tables = channel.read(answer)
            assert len(values) == count
        except Exception as error:
            return self._fail(f"unreadable response: {type(error).__name__}", channel, each, answer)
        got = values[place]
        if self._right(each, got, alone=count == 1):
            if tables is not None and not self.judge.same_proba(each.outcomes[0], tables[place]):
                self._fail("wrong probabilities", channel, each, f"{tables[place]} for {each.outcomes[0].proba}")
            return None
        kind = each.outcomes[0].kind if each.outcomes else "raise"
        if kind == "answer":
            text = "wrong answer" if count == 1 else "wrong answer in a batch"
            return self._fail("null for an answer" if got is None else text, channel, each, got)
        silent = "null" if got is None or (isinstance(got, list) and None in got) else "a number"
        return self._fail(f"{silent} where the estimator gives {kind}", channel, each, got)

    def _right(self, each: Expected, got: Any, *, alone: bool) -> bool:
        """Tell whether an answer is right; of one that differs from the batch's, the estimator is asked alone."""
        answers = [outcome for outcome in each.outcomes if outcome.kind == "answer"]
        if any(self.judge.same(outcome, got) for outcome in answers):
            return True
        if each.may_refuse or not answers:
            return False
        before, self.judge.alone = self.judge.alone, True
        (again,) = self.judge.outcomes([each.row])
        self.judge.alone = before
        if again.kind == "answer" and self.judge.same(again, got):
            return True
        # What the estimator itself answers otherwise among other rows, by rounding, is judged alone only.
        stable = again.kind == "answer" and self.judge.same(each.outcomes[0], again.value)
        return not alone and not stable

    def _fail(self, kind: str, channel: Channel, each: Expected, got: Any) -> None:
        if isinstance(got, Answer):
            got = f"{got.status} {got.body[:160].decode(errors='replace')}"
        self.failures.append(Failure(self.case.name, kind, channel.name, each.row, each.show(), str(got)))


def _is_number(dtype: Any) -> bool:
    return not isinstance(dtype, CategoricalDtype) and is_numeric_dtype(dtype)


def _taken(channel: Channel, some: list[Expected]) -> list[Expected]:
    kept = {id(row) for row in channel.takes([each.row for each in some])}
    return [each for each in some if id(each.row) in kept]


def _finite(each: Expected) -> bool:
    return all(value == value and abs(value) != float("inf") for table in each.outcomes[0].proba for value in table)
