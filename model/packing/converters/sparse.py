"""Which models get their rows as a sparse matrix: XGBoost takes what is not stored there for missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model.runtime.estimator import parts
from model.trees.read import library_of


def fed_sparsely(estimator: Any) -> Iterator[Any]:
    """Give the XGBoost models behind a step whose output is sparse."""
    for pipeline in parts(estimator):
        steps = [step for _, step in getattr(pipeline, "steps", ())]
        sparse = False
        for step in steps[:-1]:
            sparse = _gives_sparse(step, given=sparse)
        if sparse:
            yield from (part for part in parts(steps[-1]) if library_of(part) == "xgboost")


def _gives_sparse(step: Any, *, given: bool) -> bool:
    if step is None or isinstance(step, str):
        return given
    if hasattr(step, "transformers_"):
        return bool(step.sparse_output_)
    if hasattr(step, "transformer_list"):
        return any(_gives_sparse(each, given=given) for _, each in step.transformer_list)
    if hasattr(step, "sparse_output"):
        return bool(step.sparse_output)
    return given or type(step).__name__ in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
