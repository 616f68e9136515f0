"""Memory that a large request has freed goes back to the system: by the C library's allocator, and by the server's."""

from __future__ import annotations

import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_THRESHOLD = 1 << 17
_ARENAS = 2
_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
# Other C libraries than GNU's have neither function.
_MALLOPT = getattr(_LIBRARY, "mallopt", None)
_MALLOC_TRIM = getattr(_LIBRARY, "malloc_trim", None)
# The server holds bodies in memory of its own allocator, jemalloc, which reads this when the server is imported.
_JEMALLOC_VARIABLE = "_RJEM_MALLOC_CONF"
_JEMALLOC_OPTIONS = "narenas:2,tcache_max:4096,dirty_decay_ms:10,muzzy_decay_ms:0"


def limit_retained_memory() -> None:
    """Let threads share few arenas, of which large blocks go back to the system; by default each keeps its own."""
    os.environ.setdefault(_JEMALLOC_VARIABLE, _JEMALLOC_OPTIONS)
    if _MALLOPT is not None:
        _MALLOPT(_M_ARENA_MAX, _ARENAS)
        _MALLOPT(_M_MMAP_THRESHOLD, _THRESHOLD)
        _MALLOPT(_M_TRIM_THRESHOLD, _THRESHOLD)


def return_freed_memory() -> None:
    """Give free pages between used ones back to the system, which takes milliseconds."""
    if _MALLOC_TRIM is not None:
        _MALLOC_TRIM(0)
