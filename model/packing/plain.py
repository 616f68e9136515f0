"""Rows as plain numbers in place of a data frame: for estimators whose steps look at the numbers alone.

Which steps do is known from their types. That it changes nothing is proven like any other form of the model.
"""

from __future__ import annotations

import numpy as np

from model.packing.known_code import takes_plain_rows
from model.proof.compare import PROVEN, ReferenceRows, errors, estimator_answers, sizes
from model.runtime.estimator import Estimator, forget_names, height, take, unpickle
from model.runtime.frames import pandas_type
from model.schema.input_form import Input

_NUMBERS = {"float64", "int64", "bool"}
"""A frame of these becomes float64, or whole numbers that float64 holds; float32 would be rounded first."""
_COMPARED, _NEAR = 4000, 1e3


def plain(proof: ReferenceRows, content: bytes) -> Estimator:
    """Return the model as the service asks it: the estimator of this file, with plain rows where they will do."""
    model = proof.model
    if not _is_derivable(model):
        return model
    estimator = unpickle(content)
    forget_names(estimator)
    bare = Estimator(estimator, model.signature, Input("matrix"))
    return bare if _answers_alike(bare, proof) else model


def _answers_alike(bare: Estimator, proof: ReferenceRows) -> bool:
    """Ask both about the same rows: far beyond training, the last digit of a product decides, but not who refuses."""
    places = np.sort(np.random.default_rng(0).permutation(height(proof.rows))[:_COMPARED])
    rows = take(proof.rows, places)
    expected, found = estimator_answers(proof.model, rows), estimator_answers(bare, rows)
    near = sizes(rows) <= _NEAR * float(sizes(proof.training).max(initial=0.0))
    differ = errors(proof.model.signature, expected, found, proof.scale)
    return bool((differ[near] <= PROVEN).all()) and np.array_equal(expected.refused, found.refused)


def _is_derivable(model: Estimator) -> bool:
    """Tell whether the estimator was fitted on a frame of plain numbers, and none of its steps looks at the frame."""
    return (
        model.form.kind == "frame"
        and not model.form.alone
        and model.signature.numeric
        and all(pandas_type(feature) in _NUMBERS for feature in model.signature.features)
        and takes_plain_rows(model.estimator)
    )
