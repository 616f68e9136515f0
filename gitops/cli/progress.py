"""Progress of a command that takes a while: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from gitops.cli.output import ExitCode, print_line, reporting
from gitops.cluster.report import Report
from gitops.escaping import visible


@dataclass
class Progress:
    """Writes to the standard output."""

    shown: str = ""

    def show(self, text: str) -> None:
        """Show the state of things: in place on a terminal; elsewhere a line, if it is a new one."""
        if text == self.shown:
            return
        self.shown = text
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns
            click.echo(f"\r\033[K{visible(text)[: width - 1]}", nl=False)
        else:
            print_line(text)

    def write(self, text: str) -> None:
        """Write lines that stay."""
        self.clear()
        for line in text.split("\n"):
            print_line(line)

    def clear(self) -> None:
        """Remove the line that changes."""
        if self.shown and sys.stdout.isatty():
            click.echo("\r\033[K", nl=False)
        self.shown = ""


@contextmanager
def working() -> Iterator[Report]:
    """Give a report; what stops the command is one line, and Ctrl-C says what is left."""
    progress = Progress()
    report = Report(progress.write, progress.show)
    with reporting():
        try:
            yield report
        except (KeyboardInterrupt, click.Abort):
            progress.clear()
            print_line(report.left, err=True)
            sys.exit(ExitCode.FAILED)
        finally:
            progress.clear()


def confirmed(question: str) -> bool:
    """Ask on a terminal; who cannot be asked has not confirmed."""
    try:
        return click.confirm(question)
    except click.Abort:
        # What follows begins on a line of its own.
        click.echo()
        return False
