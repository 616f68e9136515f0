"""A compact form that answers everything by itself: labels of all rows, and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from model.runtime.compact.answer import mixed_scores, of_known_categories
from model.runtime.compact.decide import chooser
from model.runtime.compact.form import Sum
from model.runtime.compact.probabilities import probabilities
from model.schema.signature import Signature


class Whole:
    """Answer a row by position, or None where its values are none that the model takes."""

    def __init__(self, form: Sum, signature: Signature) -> None:
        self._scores_of = of_known_categories(mixed_scores(form, signature), signature)
        self._choose = chooser(form.link, signature.targets[0])
        self._shares = None if form.probability is None else probabilities(form.probability)
        self.complete = (self._shares is not None) >= signature.proba
        """Whether it has everything that the model answers."""

    def label(self, row: Sequence[Any]) -> Any:
        """Return the label or number of a row."""
        scores = self._scores(row)
        return None if scores is None else self._choose(scores)

    def shares(self, row: Sequence[Any]) -> list[float] | None:
        """Return the probability of each class."""
        scores = self._scores(row)
        return None if scores is None or self._shares is None else self._shares(scores)

    def _scores(self, row: Sequence[Any]) -> list[float] | None:
        try:
            found = self._scores_of(row)
        except (OverflowError, ValueError):  # a number that is too large, or a text that scikit-learn refuses
            return None
        return None if found is None else found[0]
