"""The C library's allocator: memory that a large request has freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_THRESHOLD = 1 << 17
_ARENAS = 2
_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
# Other C libraries than GNU's have neither function.
_MALLOPT = getattr(_LIBRARY, "mallopt", None)
_MALLOC_TRIM = getattr(_LIBRARY, "malloc_trim", None)


def keep_large_blocks_apart() -> None:
    """Let malloc give large blocks back to the system, and share few arenas; by default each thread keeps its own."""
    if _MALLOPT is not None:
        _MALLOPT(_M_ARENA_MAX, _ARENAS)
        _MALLOPT(_M_MMAP_THRESHOLD, _THRESHOLD)
        _MALLOPT(_M_TRIM_THRESHOLD, _THRESHOLD)


def return_freed_memory() -> None:
    """Give free pages between used ones back to the system, which takes milliseconds."""
    if _MALLOC_TRIM is not None:
        _MALLOC_TRIM(0)
