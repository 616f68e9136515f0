"""Skip what cannot be tested here, and wait for what must come true."""

import os
from contextlib import suppress
from time import monotonic, sleep

import pytest


def unless(there, reason):
    """Skip a test that lacks what it needs; where everything should be there, that is a failure."""
    if not there:
        (pytest.fail if os.environ.get("NOTHING_SKIPPED") else pytest.skip)(reason)


def until(condition, what, seconds=90):
    """Wait until something is so, and return what it was; what cannot be asked yet is not so yet."""
    end = monotonic() + seconds
    while monotonic() < end:
        with suppress(AssertionError, KeyError, IndexError, ValueError, OSError):
            if found := condition():
                return found
        sleep(0.3)
    pytest.fail(f"not within {seconds} s: {what}")
