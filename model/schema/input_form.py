"""In which form a model takes its rows."""

from __future__ import annotations

import sys
from typing import Literal

import msgspec

UNLIMITED = sys.float_info.max


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a form of the model takes its rows: a matrix, named columns, a data frame, an array of objects, or texts."""

    kind: Literal["matrix", "columns", "frame", "objects", "texts"]
    dtype: str = "float64"
    limit: float = UNLIMITED
    """Larger numbers are refused: the proof covers none."""
    alone: bool = False
    """Each row is answered by itself, because own code may look at the other rows of a call."""
