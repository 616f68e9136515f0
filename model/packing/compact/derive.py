"""From a fitted estimator to its compact form."""

from __future__ import annotations

from typing import Any

from model.errors import one_line
from model.packing.compact import trees as rules
from model.packing.compact.columns import Column, Number, Text, Underivable
from model.packing.compact.linear import linear
from model.packing.compact.models import KINDS
from model.packing.compact.steps import through
from model.packing.known_code import own_code
from model.runtime.compact.form import Form
from model.runtime.estimator import Estimator
from model.schema.signature import Feature

_MOST_SAID = 140


def derive(model: Estimator) -> Form:
    """Return the compact form of a model, or raise Underivable with what stands in its way."""
    try:
        return _derived(model)
    except Underivable:
        raise
    except Exception as error:  # noqa: BLE001 - parameters may be of any kind; none may stop the packing
        raise Underivable(one_line(error, _MOST_SAID)) from None


def _derived(model: Estimator) -> Form:
    if own := own_code(model.estimator):
        raise Underivable(f"own code: {', '.join(own[:5])}")
    if len(model.signature.targets) > 1:
        raise Underivable("several targets")
    columns = [_column(place, feature) for place, feature in enumerate(model.signature.features)]
    steps, last = unfolded(model.estimator)
    for step in steps:
        columns = through(step, columns)
    if type(last) in KINDS:
        return linear(last, columns, model.signature.features)
    if rules.is_trees(last):
        return rules.trees(last, columns, len(model.signature.features))
    raise Underivable(type(last).__name__)


def unfolded(estimator: Any) -> tuple[list[Any], Any]:
    """Return the steps before the model, and the model; a search is the pipeline that it chose."""
    steps: list[Any] = []
    while True:
        if type(estimator).__name__ in _CHOOSERS and "best_estimator_" in vars(estimator):
            estimator = estimator.best_estimator_
        elif type(estimator).__name__ == "Pipeline":
            steps += [step for _, step in estimator.steps[:-1]]
            estimator = estimator.steps[-1][1]
        elif type(estimator).__name__ in ("RFE", "RFECV"):
            steps.append(estimator)
            estimator = estimator.estimator_
        else:
            return steps, estimator


_CHOOSERS = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")


def _column(place: int, feature: Feature) -> Column:
    if feature.type == "string":
        return Text(place)
    if feature.type == "date" or feature.exact or feature.dtype in ("float32", "float16"):
        raise Underivable(
            f"{feature.name} is {'a date' if feature.type == 'date' else feature.dtype or 'a whole number beyond 2^53'}"
        )
    return Number(place)
