"""The commands that move versions: each checks everything first, then writes one commit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops.terminal import ROOT, reporting, show

if TYPE_CHECKING:
    from gitops.writing import Make

DRY = click.option("--dry-run", is_flag=True, help="Check and show everything, write nothing.")
FORCE = click.option("--force-held", default="", metavar="REASON", help="Bring back what was rolled back.")
PULL = click.option("--pr", is_flag=True, help="Write a branch and build/pull-request.md, for others to merge.")
HERE = click.option("--no-push", is_flag=True, help="Commit here only, and ask no remote.")


def _carry_out(root: Path, make: Make, *, dry_run: bool = False, pr: bool = False, no_push: bool = False) -> bool:
    """Plan a move and, unless it is only shown, write it; tell whether there was something to do."""
    from gitops import writing  # noqa: PLC0415 - a wrong command line is said first
    from gitops.moves import Mover  # noqa: PLC0415
    from gitops.repo import Repo  # noqa: PLC0415
    from gitops.stages import load  # noqa: PLC0415

    with reporting():
        stages, repo = load(root), Repo(root.resolve())
        repo.require_ready(stages.branch, push=not no_push)
        plan, said = None, "nothing was written"
        if dry_run or pr:
            plan = make(Mover(repo, stages))
            if plan is not None and not dry_run:
                said = f"branch {writing.propose(repo, stages, plan)}; {writing.BODY} says what it changes"
        elif done := writing.carry_out(repo, stages, make, push=not no_push):
            plan, commit = done
            said = f"commit {commit[:12]}"
    if plan is None:
        click.echo("nothing to do: it is there already")
        return False
    show(plan.changes)
    click.echo(plan.subject)
    for key, value in plan.trailers.items():
        click.echo(f"{key}: {value}")
    click.echo(said)
    return True


@click.command(epilog="Example: python -m gitops release 1.4.2@$(cat build/digest)")
@click.argument("version", metavar="TAG@DIGEST")
@FORCE
@DRY
@PULL
@HERE
@ROOT
def release(version: str, root: Path, force_held: str, **how: bool) -> None:
    """Give a new version to the first stage."""
    from gitops.version import parsed  # noqa: PLC0415

    sys.exit(_carry_out(root, lambda mover: mover.release(parsed(version), forced=force_held), **how))


@click.command(epilog="Example: python -m gitops promote dev staging --dry-run")
@click.argument("source")
@click.argument("target")
@FORCE
@DRY
@PULL
@HERE
@ROOT
def promote(source: str, target: str, root: Path, force_held: str, **how: bool) -> None:
    """Give the next stage exactly what this one has verified."""
    sys.exit(_carry_out(root, lambda mover: mover.promote(source, target, forced=force_held), **how))


@click.command(epilog="Example: python -m gitops rollback prod --reason 'wrong answers'")
@click.argument("environment")
@click.option("--reason", required=True, help="Why; whoever wants the version back will read it.")
@DRY
@PULL
@HERE
@ROOT
def rollback(environment: str, root: Path, reason: str, **how: bool) -> None:
    """Bring back the last version that was verified here, and hold the one that is here now."""
    sys.exit(_carry_out(root, lambda mover: mover.rollback(environment, reason), **how))


@click.command(epilog="Example: python -m gitops verify staging --timeout 300")
@click.argument("environment")
@click.option("--timeout", default=180, show_default=True, help="Seconds to wait for each check.")
@click.option("--url", help="Another way to the service than its external address.")
@click.option("--prometheus", help="Also ask this Prometheus for errors and latency.")
@click.option("--auto-rollback", is_flag=True, help="If a check fails, bring back what was verified last.")
@click.option("--no-record", is_flag=True, help="Write no ledger line.")
@ROOT
def verify(
    environment: str, root: Path, timeout: int, url: str | None, prometheus: str | None, *, auto_rollback: bool,
    no_record: bool,
) -> None:  # fmt: skip
    """Ask whether an environment really runs and answers what git says, and write down that it does."""
    from gitops.verify import verified  # noqa: PLC0415

    with reporting():
        failed = verified(root, environment, timeout, url, prometheus, click.echo)
    if failed is None:
        if not no_record:
            _carry_out(root, lambda mover: mover.verified(environment))
        return
    click.echo(f"error: {environment}: {failed}", err=True)
    if auto_rollback:
        _carry_out(root, lambda mover: mover.rollback(environment, failed.partition("\n")[0]))
    sys.exit(1)


@click.command(epilog="Example: python -m gitops hold prod --reason 'end of year'")
@click.argument("environment")
@click.option("--reason", required=True, help="Why nothing may come here.")
@HERE
@ROOT
def hold(environment: str, root: Path, reason: str, **how: bool) -> None:
    """Let nothing come to an environment until it is unheld; rollbacks still may."""
    sys.exit(_carry_out(root, lambda mover: mover.note(environment, "hold", reason=reason), **how))


@click.command(epilog="Example: python -m gitops unhold prod")
@click.argument("environment")
@HERE
@ROOT
def unhold(environment: str, root: Path, **how: bool) -> None:
    """Let versions come again."""
    sys.exit(_carry_out(root, lambda mover: mover.note(environment, "unhold"), **how))


COMMANDS = (release, promote, rollback, verify, hold, unhold)
