"""What a long command says while it works, and what it leaves if it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NOTHING = "stopped: nothing was applied"


@dataclass
class Report:
    """The output of a command that takes a while."""

    write: Callable[[str], None]
    """Writes a line that stays."""
    show: Callable[[str], None]
    """Shows the state of things, which the next state replaces."""
    left: str = NOTHING
    """What is so if the command is stopped now."""
