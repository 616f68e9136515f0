"""Hold every form of a model against the estimator, on training rows and on hostile ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.bundle.manifest import Parity
from model.packing.compact.columns import Underivable
from model.packing.compact.derive import derive
from model.packing.invent import with_shown
from model.proof.boundary import boundary_rows
from model.proof.compare import Answers, ReferenceRows, Refused, estimator_answers, joined, picked, sizes, spread
from model.proof.forms import answers_unknown, compact_answers
from model.proof.rows import HUGE, hostile_rows
from model.runtime.call_batcher import join
from model.runtime.compact.answer import answerer
from model.runtime.compact.form import Form
from model.runtime.estimator import Estimator, height, take
from model.schema.input_form import UNLIMITED
from model.schema.rows import Table

MOST_ROWS, LEAST_ROWS = 10_000, 600
_MOST_CELLS = 2_000_000
# Where so many rows of about one size are refused, all larger ones are.
_ENOUGH = 16
_ENOUGH_TO_TELL, _MANY = 200, 0.02


@dataclass(frozen=True)
class Compact:
    """A compact form that passed its proof."""

    form: Form
    parity: Parity


def trial(
    model: Estimator, training: Table, answers: Answers, invented: Mapping[str, NDArray[Any]] | None = None
) -> ReferenceRows:
    """Return rows to prove forms of this model on, with the estimator's own answers.

    Where there are invented values of features, those rows that a manifest may show hold no others of these features.
    """
    proof = _trial(model, training, answers)
    return with_shown(proof, invented) if invented else proof


def _trial(model: Estimator, training: Table, answers: Answers) -> ReferenceRows:
    if model.form.alone:
        return ReferenceRows(model, training, training, answers, spread(model.signature, answers))
    most = max(LEAST_ROWS, min(MOST_ROWS, _MOST_CELLS // len(model.signature.features)))
    if height(training) > 2 * most:
        some = np.sort(np.random.default_rng(0).permutation(height(training))[: 2 * most])
        training, answers = take(training, some), picked(answers, some)
    drawn = hostile_rows(model, training, most)
    beside = _beside_boundaries(model, training, answers)
    drawn = drawn if beside is None else join([drawn, beside])
    drawn, around, most_taken = _until_refused(model, drawn, 1e3 * float(sizes(training).max(initial=0.0)))
    rows, expected = join([training, drawn]), joined([answers, around])
    return ReferenceRows(model, training, rows, expected, spread(model.signature, answers), most_taken)


def _beside_boundaries(model: Estimator, training: Table, answers: Answers) -> Table | None:
    good = np.flatnonzero(~answers.refused)
    if model.signature.task == "regression" or len(model.signature.targets) > 1 or not len(good):
        return None
    try:
        return boundary_rows(model, take(training, good), answers.predict[good, 0].astype(object))
    except Exception:  # noqa: BLE001 - a model that refuses a row between two of training has no rows there
        return None


def _until_refused(model: Estimator, rows: Table, least: float) -> tuple[Table, Answers, float]:
    """Ask about rows from small to large numbers, up to where the estimator refuses every row."""
    size = sizes(rows)
    edges = [float(edge) for edge in HUGE if edge > least]
    near = _fewer(model, rows, np.flatnonzero(size <= (edges[0] if edges else UNLIMITED)))
    places, found = [near], [estimator_answers(model, take(rows, near))]
    for low, high in pairwise([*edges, UNLIMITED]):
        tier = np.flatnonzero((size > low) & (size <= high))
        if not len(tier):
            continue
        if estimator_answers(model, take(rows, tier[:_ENOUGH])).refused.all():
            return take(rows, np.concatenate(places)), joined(found), low
        places.append(tier)
        found.append(estimator_answers(model, take(rows, tier)))
    return take(rows, np.concatenate(places)), joined(found), UNLIMITED


def _fewer(model: Estimator, rows: Table, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return fewer places where many rows are refused: each of those is asked about alone."""
    some = np.random.default_rng(0).permutation(places)[:_ENOUGH_TO_TELL]
    refused = estimator_answers(model, take(rows, some)).refused
    return np.sort(np.random.default_rng(0).permutation(places)[:LEAST_ROWS]) if refused.mean() > _MANY else places


def compact(rows: ReferenceRows, limit: float = UNLIMITED) -> Compact | str:
    """Return the compact form of a model with its proof, or why there is none; the limit is the full model's."""
    try:
        return prove(rows, _limited(derive(rows.model), limit))
    except (Underivable, Refused) as reason:
        return str(reason)


def prove(rows: ReferenceRows, form: Form) -> Compact:
    """Return a compact form with the limit that its proof found, or raise Refused."""
    answer = answerer(form, rows.model.signature)
    found, left_out = compact_answers(answer, rows.model.signature, rows.rows, rows.expected)
    bare = replace(rows, expected=replace(rows.expected, proba=[]))
    parity, limit = bare.verdict(found, left_out)
    if parity.training_rows < height(rows.training) / 2:
        raise Refused("it leaves most rows to the full model")
    if not parity.passed:
        raise Refused("it answers otherwise")
    if answers_unknown(answer, rows.model.signature, rows.training):
        raise Refused("it answers a category that training had not")
    return Compact(_limited(form, limit), parity)


def _limited(form: Form, limit: float) -> Any:
    return msgspec.structs.replace(form, limit=min(form.limit, limit))
