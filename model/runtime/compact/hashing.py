"""MurmurHash3 of 32 bits, as scikit-learn's hashing vectorizer finds the place of a term."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

# The words of a language come again and again; this many are kept, a few megabytes.
_REMEMBERED = 1 << 15
_MASK = 0xFFFFFFFF
_LOWEST = -(1 << 31)


def placed(buckets: int, *, signed: bool) -> Callable[[str], tuple[int, int]]:
    """Return what gives a term's bucket and what it adds there: 1, or where signs are used maybe -1."""

    @lru_cache(_REMEMBERED)
    def place(term: str) -> tuple[int, int]:
        found = murmur3(term.encode())
        # The lowest number has no opposite in 32 bits.
        bucket = (-(_LOWEST + 1) - (buckets - 1)) % buckets if found == _LOWEST else abs(found) % buckets
        return bucket, -1 if signed and found < 0 else 1

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
