"""Prove that a compact form gives every answer of a model, so that nothing else has to serve it."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from model.bundle.manifest import Parity
from model.check import find_proven_limit
from model.packing.compact.columns import Underivable
from model.packing.compact.derive import derive
from model.packing.golden import golden
from model.proof.compare import Answers, ReferenceRows, Refused
from model.proof.forms import answers_unknown, whole_answers
from model.runtime.compact.form import Sum
from model.runtime.compact.whole import Whole
from model.schema.input_form import Input
from model.schema.rows import Table
from model.schema.values import LARGEST_EXACT

_MOST_DRAWS = 4


@dataclass(frozen=True)
class Proven:
    """A compact form that gives every answer, and passed its proof."""

    form: Sum
    input: Input
    parity: Parity


def whole(rows: ReferenceRows) -> Proven | None:
    """Return the form that answers all by itself, or None: only one of texts does, which has no compiled copy."""
    try:
        form = derive(rows.model)
        if not isinstance(form, Sum) or not form.documents:
            return None
        answering = Whole(form, rows.model.signature)
        if not answering.complete or answers_unknown(answering.label, rows.model.signature, rows.training):
            return None
        parity, limit = rows.verdict(whole_answers(answering, rows.model.signature, rows.rows, rows.expected))
        limit = _settled(rows, answering, min(limit, form.limit, float(LARGEST_EXACT - 1)))
    except (Underivable, Refused):
        return None
    found = Proven(replace(form, limit=limit), replace(rows.model.form, limit=limit), parity)
    return found if parity.passed else None


def _settled(rows: ReferenceRows, answering: Whole, limit: float) -> float:
    """Return the limit below which rows drawn anew, as `check` will draw them, show no difference either."""

    def ask(again: Table, expected: Answers) -> Answers:
        return whole_answers(answering, rows.model.signature, again, expected)

    for _ in range(_MOST_DRAWS):
        lower = find_proven_limit(rows.model, golden(rows, limit), ask, replace(rows.model.form, limit=limit))
        if lower >= limit:
            return limit
        limit = lower
    raise Refused("it differs on other rows with each draw")
