"""The commands for the first hour: up and down."""

from __future__ import annotations

from pathlib import Path

import click

from gitops.cli.options import CONTEXT, PODS_TIMEOUT, ROOT
from gitops.cli.progress import confirmed, working

YES = click.option("--yes", is_flag=True, help="Do not ask before an environment after the first is changed.")


@click.command(epilog="Example: python -m gitops up dev --image ghcr.io/me/score-app")
@click.argument("environment", default="dev")
@click.option(
    "--image", envvar="IMAGE", default="score-app", show_default=True, metavar="REGISTRY/NAME",
    help="Push to this name. A name without a registry is loaded into the cluster's nodes instead. (Or IMAGE.)",
)  # fmt: skip
@click.option("--builder", envvar="BUILDER", metavar="PROGRAM", help="docker, podman or buildah. (Or BUILDER.)")
@click.option(
    "--load",
    envvar="LOAD",
    metavar="COMMAND",
    help="Brings an image archive, its last argument, to the nodes. (Or LOAD.)",
)
@CONTEXT
@PODS_TIMEOUT
@YES
@ROOT
def up(
    environment: str, root: Path, image: str, builder: str | None, load: str | None, context: str | None, timeout: int,
    *, yes: bool,
) -> None:  # fmt: skip
    """Build this working tree, run it in a cluster, and ask it.

    No file of the repository changes. If the pods cannot become ready, the reason is shown as soon as it is known.
    """
    from gitops.deployment import up as deployment

    with working() as report:
        deployment.require_first(root, environment, lambda question: yes or confirmed(question))
        choices = deployment.Choices(environment, context, image, builder, load, timeout)
        deployment.up(root, choices, report, confirmed)


@click.command(epilog="Example: python -m gitops down dev")
@click.argument("environment", default="dev")
@CONTEXT
@YES
@ROOT
def down(environment: str, root: Path, context: str | None, *, yes: bool) -> None:
    """Remove an environment from a cluster.

    Its namespace and its port-forward go with it. A namespace that is not this environment's, or that
    holds other pods, is refused.
    """
    from gitops.deployment import up as deployment

    with working() as report:
        deployment.require_first(root, environment, lambda question: yes or confirmed(question))
        deployment.down(root, environment, context, report, confirmed)
