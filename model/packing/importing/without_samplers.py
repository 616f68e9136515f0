"""Pipelines of imbalanced-learn: they draw rows anew while they are fitted, and do nothing of the kind afterwards."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sklearn.pipeline import Pipeline

from model.runtime.estimator import parts


def without_samplers(estimator: Any) -> Any:
    """Return the estimator with scikit-learn's own Pipeline, without the steps that only fitting uses."""
    found = [part for part in parts(estimator) if _is_of_imbalanced_learn(part)]
    replaced: dict[int, Any] = {}
    for pipeline in reversed(found):
        kept = [(name, step) for name, step in pipeline.steps if not hasattr(step, "fit_resample")]
        replaced[id(pipeline)] = Pipeline(
            deepcopy(kept, replaced), transform_input=getattr(pipeline, "transform_input", None)
        )
    # deepcopy takes what its memo has for the copy of an object.
    return deepcopy(estimator, replaced) if found else estimator


def _is_of_imbalanced_learn(part: Any) -> bool:
    kind = type(part)
    return kind.__name__ == "Pipeline" and kind.__module__.partition(".")[0] == "imblearn"
