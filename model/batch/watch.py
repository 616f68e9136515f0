"""What a long run looks at between two batches: signals that ask it to stop, and who wants to know how far it is."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):  # noqa: N818 - nothing is wrong
    """A signal has asked the run to stop; the text is its name."""


@dataclass
class Watch:
    """Stop at the next check after SIGTERM or Ctrl-C, so that nothing is left half; a second one ends the process."""

    show: Callable[[int, float], None] = lambda _rows, _share: None
    """Told how many rows are done, and which share of the input."""
    say: Callable[[str], None] = lambda _text: None
    """Told each finished part."""
    _caught: list[int] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            was = signal.getsignal(number)
            # Whoever has started the command with a signal ignored means it.
            if was not in (signal.SIG_IGN, None):
                signal.signal(number, self._catch)
                self._stack.callback(signal.signal, number, was)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    def _catch(self, number: int, _: FrameType | None) -> None:
        self._caught.append(number)
        signal.signal(number, signal.SIG_DFL)

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self._caught:
            raise Stopped(signal.Signals(self._caught[0]).name)
