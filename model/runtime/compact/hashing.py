"""MurmurHash3 of 32 bits, as scikit-learn's hashing vectorizer finds the place of a term."""

from __future__ import annotations

from collections.abc import Callable

# The words of a language come again and again; so many that are no longer than this are kept, a few megabytes.
_REMEMBERED, _LONGEST = 1 << 15, 64
_MASK = 0xFFFFFFFF
_LOWEST = -(1 << 31)


def placed(buckets: int, *, signed: bool) -> Callable[[str], tuple[int, int]]:
    """Return what gives a term's bucket and what it adds there: 1, or where signs are used maybe -1."""
    return _Places(buckets, signed=signed).__getitem__


class _Places(dict[str, tuple[int, int]]):
    """The terms seen last; all are forgotten when there are too many."""

    def __init__(self, buckets: int, *, signed: bool) -> None:
        self._buckets, self._signed = buckets, signed

    def __missing__(self, term: str) -> tuple[int, int]:
        found, buckets = murmur3(term.encode()), self._buckets
        # The lowest number has no opposite in 32 bits.
        bucket = (-(_LOWEST + 1) - (buckets - 1)) % buckets if found == _LOWEST else abs(found) % buckets
        place = bucket, -1 if self._signed and found < 0 else 1
        if len(term) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[term] = place
        return place


def murmur3(data: bytes) -> int:
    """Return the hash of these bytes with seed 0, as a signed number."""
    whole, state = len(data) & ~3, 0
    for start in range(0, whole, 4):
        state ^= _mixed(int.from_bytes(data[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    state ^= _mixed(int.from_bytes(data[whole:], "little")) ^ len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = ((state ^ (state >> shift)) * factor) & _MASK
    state ^= state >> 16
    return state - (1 << 32) if state >> 31 else state


def _mixed(block: int) -> int:
    return (_rotated((block * 0xCC9E2D51) & _MASK, 15) * 0x1B873593) & _MASK


def _rotated(number: int, left: int) -> int:
    return ((number << left) | (number >> (32 - left))) & _MASK
