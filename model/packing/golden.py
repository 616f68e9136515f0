"""Golden rows: some of training and some hostile ones, with what scikit-learn answers to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.bundle.manifest import Golden
from model.packing.data import PackError
from model.proof.compare import Answers, ReferenceRows, picked, sizes
from model.proof.forms import by_row
from model.runtime.estimator import height, take
from model.schema.signature import Signature

_TRAINING, _HOSTILE = 8, 4
_MOST_FACTOR = 10.0


def golden(proof: ReferenceRows, limit: float) -> Golden:
    """Return rows that show many answers, within the limit of the form that serves."""
    # A huge answer among them would hide an error in all others, which are compared relative to their spread.
    most = min(limit, _MOST_FACTOR * float(sizes(proof.training).max(initial=0.0)))
    good = ~proof.expected.refused & (sizes(proof.rows) <= most) & _finite(proof.expected)
    first, later = (places[good[places]] for places in _shown(proof))
    if not len(first):
        raise PackError("the model answers no row of the data with a finite number or a label")
    places = [int(first[place]) for place in _varied(picked(proof.expected, first))]
    places += np.random.default_rng(1).permutation(later)[:_HOSTILE].tolist()
    chosen = picked(proof.expected, places)
    signature = proof.model.signature
    return Golden(
        rows=tuple(map(tuple, by_row(take(proof.rows, places), signature))),
        predict=tuple(_json_answers(signature, chosen.predict)),
        proba=tuple(tuple(map(tuple, table.tolist())) for table in chosen.proba) or None,
    )


def _shown(proof: ReferenceRows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of training rows and of hostile ones, as far as they may be shown."""
    places, training = np.arange(height(proof.rows)), height(proof.training)
    one, other = proof.shown or (slice(training), slice(training, None))
    return places[one], places[other]


def _finite(answers: Answers) -> NDArray[np.bool_]:
    if answers.predict.dtype.kind != "f":
        return np.ones(len(answers.predict), dtype=bool)
    finite: NDArray[np.bool_] = np.isfinite(answers.predict).all(axis=1)
    return finite


def _varied(answers: Answers) -> list[int]:
    """Return places that show as many different answers as possible."""
    order = np.random.default_rng(0).permutation(len(answers.predict))
    texts = [str(answers.predict[place].tolist()) for place in order]
    first = [int(place) for n, place in enumerate(order) if texts[n] not in texts[:n]] if len(set(texts)) < 50 else []
    taken = set(first)
    rest = [int(place) for place in order if int(place) not in taken]
    return sorted([*first, *rest][:_TRAINING])


def _json_answers(signature: Signature, predict: Any) -> list[Any]:
    """Return answers as JSON values: one a row, or one list a row where there are several targets."""
    rows: list[Any] = predict.tolist()
    return [row[0] for row in rows] if len(signature.targets) == 1 else rows
