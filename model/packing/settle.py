"""Find up to which size of numbers a form that was proven answers as the estimator does, also on other rows."""

from __future__ import annotations

from msgspec.structs import replace

from model.check import Ask, find_proven_limit
from model.packing.golden import golden
from model.proof.compare import ReferenceRows, Refused
from model.schema.input_form import Input

_MOST_DRAWS = 4


def settled(proof: ReferenceRows, form: Input, ask: Ask) -> Input:
    """Lower the limit until rows drawn anew, as `check` will draw them, show no difference below it."""
    for _ in range(_MOST_DRAWS):
        limit = find_proven_limit(proof.model, golden(proof, form.limit), ask, form)
        if limit >= form.limit:
            return form
        form = replace(form, limit=limit)
    raise Refused("it differs on other rows with each draw")
