"""The manifest of a bundle: everything that is known of a model without loading it."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Literal

import msgspec

from model.schema.input_form import Input
from model.schema.signature import Signature
from model.segments import Treatment

FORMAT = 2
# Raised when the proof becomes stricter: what an older one passed must pass the newer.
PROOF = 2


class Golden(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows whose answers scikit-learn gave when the bundle was packed."""

    rows: tuple[tuple[Any, ...], ...]
    predict: tuple[Any, ...]
    proba: tuple[Any, ...] | None = None


class Parity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the proof found between the estimator and another form of it."""

    training_rows: int
    drawn_rows: int
    left_out: int = 0
    """Rows that the compact form leaves to the full model."""
    differing_labels: int
    largest_error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Tell whether the form may ship."""
        return self.differing_labels == 0 and self.largest_error <= self.tolerance


class Speed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Microseconds that one proven form took where the bundle was packed."""

    row: float
    """For one row as a request brings it."""
    rows: float | None = None
    """For 1,000 rows that have been read; a compact form beside a full one answers one."""


class Histogram(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often training showed each range or category: `edges` are inner ones, both ends are open."""

    counts: tuple[int, ...]
    edges: tuple[float, ...] | None = None
    categories: tuple[Any, ...] | None = None
    missing: int = 0


class Reference(msgspec.Struct, frozen=True):
    """What training looked like, so that what comes later can be held against it."""

    features: dict[str, Histogram]
    predictions: tuple[Histogram, ...]
    """One a target: ranges of a number, or how often each class was predicted."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How good the model is on rows it was judged by, and what its figures are drawn from."""

    rows: int
    source: str
    """Where the rows came from, in words."""
    metrics: dict[str, float]
    available: int | None = None
    """How many rows there were, where only some of them were asked about."""
    balance: tuple[int, ...] | None = None
    """How many rows each class has, in the order of the classes."""
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Rows are true classes, columns predicted ones."""
    calibration: tuple[tuple[float, float, int], ...] | None = None
    """For each bin of predicted probability: its mean, how often it came true, and how many."""
    scatter: tuple[tuple[float, float], ...] | None = None
    """True and predicted numbers of a sample of rows."""
    importance: dict[str, float] | None = None
    """By how much the first metric falls when a feature is shuffled."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that is known of a model without loading it."""

    format: int
    name: str
    version: str
    title: str
    estimator: str
    signature: Signature
    runtime: Literal["onnx", "compact", "sklearn"]
    input: Input
    reason: str | None = None
    """Why there is no compiled copy, and scikit-learn serves the model."""
    fallback: Input | None = None
    """How scikit-learn itself takes the rows, where a compiled copy serves."""
    parity: Parity | None = None
    """The proof of the compiled copy, where there is one."""
    compact: Parity | None = None
    """The proof of the compact form, where there is one."""
    not_compact: str | None = None
    """Why there is no compact form."""
    beside: bool = False
    """Whether scikit-learn, where it is installed, answers as many rows as it answers faster than the compiled copy."""
    speed: dict[Literal["compact", "onnx", "sklearn"], Speed] = {}
    """What each proven form took, shipped or not. Measured, so it is no part of the version."""
    proof: int
    requires: dict[str, str]
    """Libraries whose version must be this one."""
    built_with: dict[str, str]
    files: dict[str, str]
    golden: Golden
    reference: Reference
    evaluation: Evaluation | None = None
    notes: tuple[str, ...] = ()
    log: dict[str, Treatment] = {}
    """What the prediction log does with features, by name, or `*` for any other one; what is not named is kept."""

    def digest(self) -> str:
        """Return the content digest: over every field but the version itself, and what was measured."""
        bare = msgspec.structs.replace(self, version="", speed={})
        return hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()

    def stamped(self) -> Manifest:
        """Return this manifest with its version filled in."""
        return msgspec.structs.replace(self, version=self.digest()[:12])


def readable(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that a reviewer can read: indented, but each row of numbers on one line."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode()
    return (_STRING_OR_FLAT.sub(_on_one_line, text) + "\n").encode()


# A string is matched too, so that brackets within it are never taken for an array.
_STRING_OR_FLAT = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\[\]{}"]*\]')


def _on_one_line(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith('"') else " ".join(found.split())
