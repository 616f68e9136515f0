"""The command that connects a GitOps controller."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from gitops.cli.options import CONTEXT, ROOT, TIMEOUT
from gitops.cli.progress import confirmed, working

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example: python -m gitops bootstrap argocd --token-from GIT_TOKEN")
@click.argument("controller", type=click.Choice(["argocd", "flux"]))
@click.option(
    "--token-from", metavar="VARIABLE", help="The environment variable that holds a token for a private repository."
)
@click.option("--username", metavar="NAME", default="git", show_default=True, help="The user of that token.")
@click.option("--deploy-key", type=FILE, help="The private key for a private repository that is read over SSH.")
@click.option("--known-hosts", type=FILE, help="The keys of its host, as `ssh-keyscan HOST` prints them.")
@CONTEXT
@click.option(
    "--timeout", type=TIMEOUT, metavar="SECONDS", default=300, show_default=True,
    help="How long to wait for each environment.",
)  # fmt: skip
@ROOT
def bootstrap(controller: str, root: Path, context: str | None, timeout: int, username: str, **given: Any) -> None:
    """Connect Argo CD or Flux with this repository.

    The controller must run in the cluster. It gets its objects from clusters/, access to a private repository as a
    Secret, and the account for verify. The command ends when every environment with a release is at the newest commit.
    It can be repeated.
    """
    from gitops.controllers import connect as connection
    from gitops.controllers.access import Access

    variable = given["token_from"]
    if variable and not os.environ.get(variable):
        raise click.UsageError(f"the environment variable {variable} is not set, or empty")
    with working() as report:
        key, hosts = (given[each].read_text() if given[each] else "" for each in ("deploy_key", "known_hosts"))
        access = Access(username, os.environ[variable] if variable else "", key, hosts)
        connection.bootstrap(root, connection.Choices(controller, context, access, timeout), report, confirmed)
