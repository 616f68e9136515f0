"""What the estimator itself says of each row: an answer, a number that is none, or an exception."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tests.differential.cases import Case
from tests.differential.frames import asked, frame
from tests.differential.rows import Row

TOLERANCE = 1e-5


@dataclass
class Outcome:
    """The estimator's say on one row."""

    kind: str
    """`answer`, `nonfinite` or `raise`."""
    value: list[Any] | None = None
    """One item a target."""
    proba: list[list[float]] | None = None
    tie: bool = False
    """The two best classes are as good as each other, up to rounding."""
    text: str = ""


@dataclass
class Expected:
    """What a service may do with one row."""

    row: Row
    outcomes: list[Outcome]
    may_refuse: bool

    @property
    def answers(self) -> bool:
        """Tell whether only an answer is right."""
        return not self.may_refuse and self.outcomes[0].kind == "answer"

    def show(self) -> str:
        """Say it in short."""
        texts = [str(o.value if o.kind == "answer" else f"{o.kind} {o.value or o.text}") for o in self.outcomes]
        return " or ".join([*texts, *(["a refusal"] if self.may_refuse else [])])


class Judge:
    """Ask the estimator of a case."""

    def __init__(self, case: Case):
        self.case, self.estimator = case, case.estimator
        training = _columns(self.estimator.predict(case.shaped(case.frame)))
        self.labels = training.dtype.kind != "f" or case.task != "regression"
        self.spread = [0.0 if self.labels else float(np.std(c.astype(float))) for c in training.T]
        self.proba = case.task == "classification" and hasattr(self.estimator, "predict_proba")
        self.alone = not self._batches_agree()
        numbers = case.frame.select_dtypes("number").abs().max()
        self.largest = float(numbers.max()) if len(numbers) else 0.0

    def expect(self, rows: list[Row]) -> list[Expected]:
        """Return what is right for each row."""
        questions = [asked(row, self.case.frame) for row in rows]
        plain = iter(self.outcomes([q.row for q in questions if q.frames is None]))
        found = []
        for question in questions:
            if question.frames is None:
                found.append(Expected(question.row, [next(plain)], self._is_beyond_contract(question.row)))
            else:
                outcomes = [outcome for each in question.frames for outcome in self._ask(each)]
                found.append(Expected(question.row, outcomes, may_refuse=True))
        return found

    def _is_beyond_contract(self, row: Row) -> bool:
        """Tell whether the documented contract lets the service refuse a row that the estimator answers."""
        return any(self._may_refuse_cell(self.case.frame[name], value) for name, value in row.items())

    def _may_refuse_cell(self, column: pd.Series, value: Any) -> bool:
        if isinstance(value, str):
            return value == "\ufdd0"
        if value is None:
            # What a missing value looked like is unknown where training had none.
            return column.dtype.kind == "O" and not column.isna().any()
        number = column.dtype.kind in "iuf"
        if isinstance(value, float) and column.dtype.kind in "iu" and abs(value) > 2**53:
            return True
        return number and abs(value) > max(1e6, 1e3 * self.largest)

    def outcomes(self, rows: list[Row]) -> list[Outcome]:
        """Return the outcome of each row that fits."""
        if not rows:
            return []
        if not self.alone:
            return self._ask(frame(rows, self.case.frame))
        return [outcome for row in rows for outcome in self._ask(frame([row], self.case.frame))]

    def _ask(self, rows: pd.DataFrame) -> list[Outcome]:
        """Ask of many rows at once; where that fails, of each half."""
        try:
            with np.errstate(all="ignore"):
                return self._answers(rows)
        except Exception as error:
            if len(rows) == 1:
                return [Outcome("raise", text=f"{type(error).__name__}: {str(error)[:100]}")]
        middle = len(rows) // 2
        halves = rows.iloc[:middle].reset_index(drop=True), rows.iloc[middle:].reset_index(drop=True)
        return [outcome for half in halves for outcome in self._ask(half)]

    def _answers(self, rows: pd.DataFrame) -> list[Outcome]:
        X = self.case.shaped(rows)
        answer = _columns(self.estimator.predict(X))
        assert len(answer) == len(rows), "the estimator answers another number of rows"
        tables = self._tables(X)
        ties = self._ties(X, tables, len(rows))
        found = []
        for place, values in enumerate(answer.tolist()):
            bad = any(isinstance(value, float) and not np.isfinite(value) for value in values)
            proba = [table[place].tolist() for table in tables] if tables else None
            found.append(Outcome("nonfinite" if bad else "answer", values, proba, bool(ties[place])))
        return found

    def _tables(self, X: Any) -> list[Any] | None:
        if not self.proba:
            return None
        try:
            answer = self.estimator.predict_proba(X)
        except Exception:
            return None
        # One table for several yes-or-no targets holds the yes alone; it is compared by nobody yet.
        return answer if isinstance(answer, list) else [answer] if len(self.spread) == 1 else None

    def _ties(self, X: Any, tables: list[Any] | None, count: int) -> Any:
        if self.case.task != "classification" or len(self.spread) > 1:
            return np.zeros(count, dtype=bool)
        try:
            scores = np.asarray(self.estimator.decision_function(X), dtype=float)
        except Exception:
            scores = np.asarray(tables[0], dtype=float) if tables else np.ones(count)
        if scores.ndim == 1:
            return np.abs(scores) <= 1e-9
        best = np.sort(scores, axis=1)[:, -2:]
        return best[:, 1] - best[:, 0] <= 1e-9 * np.maximum(1, np.abs(best).max(axis=1))

    def _batches_agree(self) -> bool:
        """Tell whether the estimator says the same of a row alone as among others."""
        some = self.case.frame.iloc[:: max(1, len(self.case.frame) // 6)].reset_index(drop=True)
        together = self._ask(some)
        alone = [
            outcome for place in range(len(some)) for outcome in self._ask(some.iloc[[place]].reset_index(drop=True))
        ]
        return all(
            a.kind == b.kind and (a.kind != "answer" or self.same(a, b.value))
            for a, b in zip(together, alone, strict=True)
        )

    def same(self, want: Outcome, got: Any) -> bool:
        """Tell whether an answer is the estimator's."""
        got = got if isinstance(got, list) else [got]
        if len(got) != len(want.value):
            return False
        if self.labels:
            return all(_label(g) == _label(w) for g, w in zip(got, want.value, strict=True)) or want.tie
        return all(
            isinstance(g, int | float) and abs(g - w) <= TOLERANCE * (abs(w) + spread)
            for g, w, spread in zip(got, want.value, self.spread, strict=True)
        )

    def same_proba(self, want: Outcome, got: Any) -> bool:
        """Tell whether probabilities are the estimator's."""
        got = [got] if len(self.spread) == 1 else got
        try:
            pairs = [(np.asarray(g, dtype=float), np.asarray(w)) for g, w in zip(got, want.proba, strict=True)]
            return all(bool((np.abs(g - w) <= 2 * TOLERANCE).all()) for g, w in pairs)
        except (TypeError, ValueError):
            return False


def _label(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value


def _columns(answer: Any) -> Any:
    answer = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    return answer.reshape(len(answer), -1)
