"""The command line of gitops."""

from __future__ import annotations

import os

import click

from gitops.cli import change, cluster, generate, inspect

COMMANDS = (
    inspect.status, inspect.diff, inspect.check, generate.generate, generate.render, change.release, change.promote,
    change.rollback, change.freeze, change.unfreeze, cluster.verify, cluster.deploy,
)  # fmt: skip


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, also if there was nothing to do; 1 a check failed; 2 wrong usage or a refusal; "
    "with --detailed-exitcode 3 success, and something was changed or differs.",
)
@click.pass_context
def main(context: click.Context) -> None:
    """Release, promote, verify and roll back environments."""
    if os.environ.get("NO_COLOR"):
        context.color = False


for command in COMMANDS:
    main.add_command(command)
