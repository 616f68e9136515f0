"""The commands that change what an environment runs: each checks everything first, then makes one commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops.cli.options import DETAILED, DRY_RUN, FORCE_HELD, JSON, NO_PUSH, PULL_REQUEST, REASON, ROOT, UNVERIFIED
from gitops.cli.output import finish, print_changes, print_json, print_line, reporting

if TYPE_CHECKING:
    from gitops.commit import MakePlan
    from gitops.plan import Plan


@dataclass(frozen=True)
class Outcome:
    """What became of a plan."""

    plan: Plan | None
    commit: str | None = None
    branch: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for scripts."""
        found: dict[str, Any] = {"changed": self.plan is not None, "commit": self.commit, "branch": self.branch}
        if self.plan is not None:
            found |= {"environment": self.plan.environment, "subject": self.plan.subject}
            found |= {"trailers": self.plan.trailers, "changes": [each.as_json() for each in self.plan.changes]}
        return found

    def print(self) -> None:
        """Print the outcome for people."""
        if self.plan is None:
            click.echo("nothing to do")
            return
        print_changes(self.plan.changes)
        print_line(self.plan.subject)
        for key, value in self.plan.trailers.items():
            print_line(f"{key}: {value}")
        if self.branch:
            click.echo(f"branch {self.branch}; its pull request is described in build/pull-request.md")
        else:
            click.echo(f"commit {self.commit[:12]}" if self.commit else "dry run: nothing was changed")


def carry_out(root: Path, make: MakePlan, *, dry_run: bool = False, pr: bool = False, no_push: bool = False) -> Outcome:
    """Make a plan and, unless it is a dry run, commit it."""
    from gitops import commit
    from gitops.environments import load
    from gitops.history import History
    from gitops.planner import Planner
    from gitops.repository import Repository
    from gitops.signers import Signers

    environments, repository = load(root), Repository(root.resolve())
    with repository.exclusive():
        repository.require_ready(environments.branch, push=not no_push)
        signers = Signers(History(repository))
        signers.require_key()
        if not (dry_run or pr):
            done = commit.commit(repository, environments, make, push=not no_push)
            return Outcome(*done) if done else Outcome(None)
        plan = make(Planner(repository, environments))
        if plan is None or dry_run:
            signers.require(*(plan.environments_read if plan else ()))
            return Outcome(plan)
        return Outcome(plan, branch=commit.propose(repository, environments, plan, push=not no_push))


def _run(root: Path, make: MakePlan, *, as_json: bool, detailed_exitcode: bool, **how: bool) -> None:
    with reporting():
        outcome = carry_out(root, make, **how)
    if as_json:
        print_json(outcome.as_json())
    else:
        outcome.print()
    finish(changed=outcome.plan is not None, detailed=detailed_exitcode)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed((*options, NO_PUSH, JSON, DETAILED, ROOT)):
            command = option(command)
        return command

    return decorate


@click.command(
    epilog="Example: python -m gitops release 1.4.2@$(cat build/digest)\n\n"
    "A retrained model alone: python -m gitops release --model $(cat build/model)"
)
@click.argument("version", metavar="[TAG@DIGEST]", required=False)
@click.option("--model", "models", multiple=True, metavar="NAME@DIGEST", help="Mount this model's own image.")
@click.option("--manifests", is_flag=True, help="Release base and components alone, as they are committed.")
@_options(FORCE_HELD, DRY_RUN, PULL_REQUEST)
def release(
    version: str | None, models: tuple[str, ...], root: Path, force_held: str | None, *, manifests: bool, **how: bool
) -> None:
    """Set a new release in the first environment.

    TAG is the image's tag, and DIGEST its sha256 digest, which `make push` writes to build/digest. A model's digest is
    what `python -m model push` prints. Base and components are released as they are committed, and what is not named
    stays as it is.
    """
    from gitops import mounted
    from gitops.models import BUNDLES
    from gitops.plan import Overrides
    from gitops.release import parse

    if manifests == bool(version or models):
        raise click.UsageError("give TAG@DIGEST, --model NAME@DIGEST or both, or --manifests alone")
    overrides = Overrides(forced=force_held or "")
    with reporting():
        image = parse(version) if version is not None else None
        mounts = [mounted.parse(each, root / BUNDLES) for each in models]
    _run(root, lambda planner: planner.release(image, mounts, overrides), **how)


@click.command(epilog="Example: python -m gitops promote dev staging --dry-run")
@click.argument("source")
@click.argument("target")
@_options(FORCE_HELD, UNVERIFIED, DRY_RUN, PULL_REQUEST)
def promote(
    source: str, target: str, root: Path, force_held: str | None, allow_unverified: str | None, **how: bool
) -> None:
    """Set in an environment what the one before has verified.

    SOURCE is the environment that has verified the release, and TARGET the next one in environments.yaml. TARGET gets
    the image, base and components of SOURCE; its own overlay stays as it is.
    """
    from gitops.plan import Overrides

    overrides = Overrides(force_held or "", allow_unverified or "")
    _run(root, lambda planner: planner.promote(source, target, overrides), **how)


@click.command(epilog="Example: python -m gitops rollback prod --reason 'wrong predictions'")
@click.argument("environment")
@click.option("--reason", type=REASON, required=True, help="Why; shown to whoever wants to release it again.")
@_options(DRY_RUN, PULL_REQUEST)
def rollback(environment: str, root: Path, reason: str, **how: bool) -> None:
    """Restore the previous verified release.

    What it lacks of the current one, the image or base and components, is held: no environment accepts that any more
    without --force-held.
    """
    _run(root, lambda planner: planner.rollback(environment, reason), **how)


@click.command(epilog="Example: python -m gitops freeze prod --reason 'end of year'")
@click.argument("environment")
@click.option("--reason", type=REASON, required=True, help="Why no release may be set.")
@_options()
def freeze(environment: str, root: Path, reason: str, **how: bool) -> None:
    """Refuse releases to an environment.

    That lasts until it is unfrozen. Rollbacks are still possible.
    """
    _run(root, lambda planner: planner.freeze(environment, reason), **how)


@click.command(epilog="Example: python -m gitops unfreeze prod")
@click.argument("environment")
@_options()
def unfreeze(environment: str, root: Path, **how: bool) -> None:
    """Allow releases to an environment again."""
    _run(root, lambda planner: planner.unfreeze(environment), **how)
