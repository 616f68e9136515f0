"""The command line of gitops."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

import click

from gitops.cli import batch, bootstrap, cluster, declare, generate, inspect, promotion, up
from gitops.cli.output import ExitCode

COMMANDS = (
    up.up, up.down, declare.init, declare.env, declare.component, bootstrap.bootstrap,
    inspect.status, inspect.diff, inspect.check, generate.generate, generate.render,
    promotion.release, promotion.promote, promotion.rollback, promotion.freeze, promotion.unfreeze,
    cluster.verify, cluster.deploy, batch.batch,
)  # fmt: skip


class Commands(click.Group):
    """The commands, which report an output that cannot be written in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader who has gone is no error of its own."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
            sys.exit(ExitCode.FAILED)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, also if there was nothing to do; 1 a check failed; 2 wrong usage or a refusal; "
    "with --detailed-exitcode 3 success, and something was changed or differs.",
)
@click.pass_context
def main(context: click.Context) -> None:
    """Move versions between environments with git: release, promote, verify, roll back.

    Every command works on the repository in the current folder, or in the one that --root names. What changes an
    environment is one commit, which is pushed unless --no-push is given.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal's encoding lacks is shown as an escape.
            stream.reconfigure(errors="backslashreplace")


for command in COMMANDS:
    main.add_command(command)
