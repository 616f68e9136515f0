"""The forms of a model that are shipped: each is proven, and none is slower than what it stands in for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from model.bundle.files import COMPACT, ONNX
from model.bundle.manifest import Golden, Speed
from model.check import ask_copy
from model.packing.compile import Compiled, compile_and_prove
from model.packing.golden import golden
from model.packing.known_code import takes_plain_rows
from model.packing.plain import plain
from model.packing.prove import Compact, compact
from model.packing.settle import settled
from model.packing.speed import is_slower_row, is_slower_rows, measure_compact, measure_full, measure_whole
from model.packing.whole import Proven, whole
from model.proof.compare import ReferenceRows, Refused
from model.runtime.compact.answer import answerer
from model.runtime.compact.whole import Whole
from model.runtime.estimator import Estimator
from model.schema.input_form import UNLIMITED

ALONE = "the compact form gives every answer"
_NAMES = {"onnx": "the compiled copy", "sklearn": "scikit-learn"}
SLOWER = f"it is slower than {_NAMES['sklearn']}"


@dataclass(frozen=True)
class Forms:
    """What answers the rows of a model."""

    model: Estimator
    """The estimator as training had it."""
    served: Estimator
    """The estimator as scikit-learn serves it."""
    copied: Compiled | str
    short: Compact | Proven | str
    """A form, or why there is none."""
    golden: Golden
    speed: dict[str, Speed]
    """Of every proven form, shipped or not."""
    lean: bool

    def facts(self) -> dict[str, Any]:
        """Return what a manifest says of the forms."""
        copied = self.copied if isinstance(self.copied, Compiled) else None
        short = self.short if isinstance(self.short, Compact | Proven) else None
        alone = short if isinstance(short, Proven) else None
        return {
            "runtime": "compact" if alone else "onnx" if copied else "sklearn",
            "input": alone.input if alone else copied.form if copied else self.served.form,
            "fallback": self.model.form if alone or copied or self.served is not self.model else None,
            "reason": None if alone or copied else self.copied,
            "parity": copied and copied.parity,
            "compact": short and short.parity,
            "not_compact": self.short if short is None else None,
            "beside": self._beside(),
            "golden": self.golden,
            "speed": self.speed,
        }

    def _beside(self) -> bool:
        """Tell whether scikit-learn takes the same rows, and is faster at a size that no compact form answers."""
        if self.lean or not self.speed or not isinstance(self.copied, Compiled):
            return False
        mine, theirs = self.served.form, self.copied.form
        alike = (mine.kind, theirs.kind, theirs.dtype) == ("matrix", "matrix", "float64")
        copy, own = self.speed["onnx"], self.speed["sklearn"]
        few = not isinstance(self.short, Compact) and is_slower_row(copy, own)
        return alike and takes_plain_rows(self.model.estimator) and (few or is_slower_rows(copy, own))

    def files(self) -> dict[str, bytes]:
        """Return the files of the forms beside the estimator's own."""
        files = {}
        if isinstance(self.copied, Compiled):
            files[ONNX] = self.copied.content
        if isinstance(self.short, Compact | Proven):
            files[COMPACT] = msgspec.json.encode(self.short.form)
        return files


def forms_of(proof: ReferenceRows, content: bytes, say: Callable[[str], None], *, lean: bool) -> Forms:
    """Prove and measure every form of the estimator in this file; lean keeps also those that are slower than it."""
    say("compiling it, and trying to refute that the copy answers the same")
    if (alone := whole(proof)) is not None:
        speed = measure_whole(proof, Whole(alone.form, proof.model.signature).label)
        return Forms(proof.model, proof.model, ALONE, alone, golden(proof, alone.input.limit), speed, lean)
    copied = _compiled(proof)
    served = plain(proof, content)
    speed = measure_full(proof, served, copied if isinstance(copied, Compiled) else None)
    if not lean and "onnx" in speed and _is_slower(speed["onnx"], speed["sklearn"]):
        copied = SLOWER
    say("deriving the compact form, and trying to refute it")
    limit = copied.form.limit if isinstance(copied, Compiled) else UNLIMITED
    short = compact(proof, limit)
    if isinstance(short, Compact) and speed:
        name, full = ("onnx", copied) if isinstance(copied, Compiled) else ("sklearn", served)
        speed["compact"], beside = measure_compact(proof, answerer(short.form, proof.model.signature), full)
        if not lean and is_slower_row(speed["compact"], beside):
            short = f"it is slower than {_NAMES[name]}"
    return Forms(proof.model, served, copied, short, golden(proof, limit), speed, lean)


def _is_slower(one: Speed, other: Speed) -> bool:
    return is_slower_row(one, other) and is_slower_rows(one, other)


def _compiled(proof: ReferenceRows) -> Compiled | str:
    try:
        copied = compile_and_prove(proof)
        ask = ask_copy(copied.content, proof.model.signature, copied.form)
        return replace(copied, form=settled(proof, copied.form, ask))
    except Refused as reason:
        return str(reason)
