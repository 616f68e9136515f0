"""Prove that a compact form gives every answer of a model, so that nothing else has to serve it."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from model.bundle.manifest import Parity
from model.check import ask_whole
from model.packing.compact.columns import Underivable
from model.packing.compact.derive import derive
from model.packing.settle import settled
from model.proof.compare import ReferenceRows, Refused
from model.proof.forms import answers_unknown, whole_answers
from model.runtime.compact.form import Sum
from model.runtime.compact.whole import Whole
from model.schema.input_form import Input
from model.schema.values import LARGEST_EXACT


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
        limited = replace(rows.model.form, limit=min(limit, form.limit, float(LARGEST_EXACT - 1)))
        taken = settled(rows, limited, ask_whole(answering, rows.model.signature))
    except (Underivable, Refused):
        return None
    return Proven(replace(form, limit=taken.limit), taken, parity) if parity.passed else None
