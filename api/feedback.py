"""What turned out to be true: callers tell it by request id, and it is held against what was answered."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock, local
from typing import Any

from api.errors import ApiError
from model.runtime.load import Model

MOST_ROWS = 64
"""An answer with more rows is not remembered."""


class Tally:
    """How right a model was, as far as anybody told."""

    def __init__(self) -> None:
        self.rows, self.right, self.error = 0, 0, 0.0


class Memory:
    """The last answers by request id, and what was told of them."""

    def __init__(self, most: int) -> None:
        self.most, self.said = most, local()
        self.tallies: dict[str, Tally] = {}
        self._answers: OrderedDict[str, tuple[Model, list[Any]]] = OrderedDict()
        self._lock = Lock()

    def note(self, model: Model, answers: Any) -> None:
        """Note what this thread is about to answer."""
        self.said.last = (model, answers)

    def keep(self, identity: str) -> None:
        """Remember what this thread has answered under a request's id, and forget the oldest."""
        model, answers = self.said.__dict__.pop("last", (None, ()))
        if model is None or len(answers) > MOST_ROWS:
            return
        with self._lock:
            self._answers[identity] = model, list(answers)
            if len(self._answers) > self.most:
                self._answers.popitem(last=False)

    def tell(self, identity: str, truths: list[Any]) -> Model:
        """Hold what is true against what was answered, once."""
        with self._lock:
            if identity not in self._answers:
                raise ApiError(404, "unknown_request", f"of the last {self.most} answers none has this request_id")
            model, answers = self._answers[identity]
            if len(truths) != len(answers):
                raise ApiError(422, "width", f"{len(answers)} rows were answered, and {len(truths)} truths are told")
            pairs = [(answer, _known(model, truth)) for answer, truth in zip(answers, truths, strict=True)]
            del self._answers[identity]
            tally = self.tallies.setdefault(model.name, Tally())
            for answer, truth in pairs:
                tally.rows += 1
                if model.signature.targets[0].classes is None:
                    tally.error += abs(float(answer) - truth)
                else:
                    tally.right += bool(answer == truth)
        return model


def _known(model: Model, truth: Any) -> Any:
    """Return what is true as the model would say it: a class by its label or its title, or a number."""
    target = model.signature.targets[0]
    if target.classes is None:
        if isinstance(truth, bool) or not isinstance(truth, int | float):
            raise ApiError(422, "type", f"{target.name} is a number, not {str(truth)[:40]!r}")
        return float(truth)
    for label, title in zip(target.classes, target.titles or target.classes, strict=True):
        if truth in (label, title) and isinstance(truth, bool) == isinstance(label, bool):
            return label
    raise ApiError(422, "category", f"{target.name} has no class {str(truth)[:40]!r}")
