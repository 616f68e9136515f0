"""Signals that ask a long run to stop, and who wants to know how far it is."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """A signal has asked the run to stop; the text is its name. No Exception, or a model's code would catch it."""


@dataclass
class Watch:
    """Stop at the next check after SIGTERM or Ctrl-C, so that nothing is left half; a second one ends the process.

    What is stoppable is left at once: a model may take minutes for a batch.
    """

    show: Callable[[int, float], None] = lambda _rows, _share: None
    """Gets how many rows are done, and which share of the input."""
    say: Callable[[str], None] = lambda _text: None
    """Gets each finished part."""
    note: Callable[[str], None] = lambda _text: None
    """Gets what whoever waits should know."""
    _rows: int = 0
    _share: float = 0.0
    _stoppable: bool = False
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
        if self._stoppable:
            self.check()

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Raise Stopped within this block as soon as a signal comes; the block must leave nothing half."""
        self._stoppable = True
        try:
            self.check()
            yield
        finally:
            self._stoppable = False
        # Own code may have caught it.
        self.check()

    def count(self, rows: int) -> None:
        """Tell that so many rows more are done."""
        self.check()
        self._rows += rows
        self.show(self._rows, self._share)

    def reach(self, share: float) -> None:
        """Tell which share of the input is done."""
        self._share = share
        self.show(self._rows, share)

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self._caught:
            raise Stopped(signal.Signals(self._caught[0]).name)
