"""Checked values of one feature become an array, where numpy alone would make another type of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.schema.values import moment


def moments(values: Sequence[Any]) -> NDArray[Any]:
    """Return ISO dates as times of UTC."""
    found = [None if value is None else moment(value) for value in values]
    plain = [each.astimezone(UTC).replace(tzinfo=None) if each is not None and each.tzinfo else each for each in found]
    return np.array(plain, dtype="datetime64[us]")


def integers(values: Sequence[Any]) -> NDArray[Any]:
    """Return whole numbers as they are, with None for a missing one."""
    found = np.empty(len(values), dtype=object)
    found[:] = [None if value is None else int(value) for value in values]
    return found
