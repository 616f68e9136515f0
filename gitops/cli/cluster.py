"""The commands that need a cluster: verify and deploy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops.cli.inspect import require_overlays
from gitops.cli.options import CONTEXT, DETAILED, JSON, PODS_TIMEOUT, ROOT, TIMEOUT, URL
from gitops.cli.output import ExitCode, finish, print_json, print_line, reporting
from gitops.cli.progress import confirmed, working
from gitops.cli.promotion import Outcome, carry_out
from gitops.errors import GitopsError

if TYPE_CHECKING:
    from gitops.verification.verify import Result


@click.command(epilog="Example: python -m gitops verify staging --timeout 300")
@click.argument("environment")
@click.option(
    "--timeout",
    type=TIMEOUT,
    metavar="SECONDS",
    default=300,
    show_default=True,
    help="How long to wait for each check; Argo CD looks at git every three minutes.",
)
@click.option("--url", type=URL, help="Use this address of the service instead of its external one.")
@click.option("--forward", is_flag=True, help="Ask each pod through kubectl port-forward instead of an address.")
@click.option("--prometheus", type=URL, help="Also compare errors and latency in this Prometheus with the SLO.")
@click.option("--auto-rollback", is_flag=True, help="If a check fails, restore the previous verified release.")
@click.option("--no-record", is_flag=True, help="Do not write to the ledger.")
@JSON
@DETAILED
@ROOT
def verify(
    environment: str, root: Path, timeout: int, url: str | None, prometheus: str | None, *, forward: bool,
    auto_rollback: bool, no_record: bool, **how: bool,
) -> None:  # fmt: skip
    """Check a cluster against git, and record the result.

    The cluster must have every field of every object that git renders for the environment, run its image, and predict
    the golden rows correctly; API_KEY is a key for that, where one is needed. Success is recorded in the ledger, in a
    commit.

    With --detailed-exitcode, 3 means that a new record was committed.
    """
    from gitops.verification import verify as verification

    if url and forward:
        raise click.UsageError("give --url or --forward, not both")
    choices, results = verification.Choices(timeout, url, forward, prometheus), []
    with reporting():
        expected = verification.expect(root, environment)
        for result in verification.verify(expected, choices):
            results.append(result)
            if not how["as_json"]:
                _print(result, environment)
    problem = results[-1].problem
    outcome = Outcome(None)
    if problem and auto_rollback:
        reason = f"{results[-1].name}: {problem}"
        try:
            outcome = carry_out(root, lambda planner: planner.rollback(environment, reason, expected.release))
        except GitopsError as error:
            print_line(f"error: no rollback: {error}", err=True)
    elif not problem and not no_record:
        with reporting():
            outcome = carry_out(root, lambda planner: planner.verify(environment, expected.release))
    if how["as_json"]:
        print_json(_document(environment, results, outcome))
    elif outcome.plan:
        outcome.print()
    if problem:
        sys.exit(ExitCode.FAILED)
    finish(changed=outcome.plan is not None, detailed=how["detailed_exitcode"])


def _print(result: Result, environment: str) -> None:
    if result.problem is None:
        print_line(f"{result.name}: ok")
    else:
        print_line(f"error: {environment}: {result.name}: failed: {result.problem}", err=True)
        for line in result.diagnosis:
            print_line(f"  {line}", err=True)


def _document(environment: str, results: list[Result], outcome: Outcome) -> dict[str, Any]:
    return {
        "environment": environment,
        "verified": results[-1].problem is None,
        "checks": [{"name": e.name, "problem": e.problem, "diagnosis": e.diagnosis} for e in results],
        "change": outcome.as_json(),
    }


@click.command(epilog="Example: python -m gitops deploy dev")
@click.argument("environment")
@click.option("--yes", is_flag=True, help="Apply without a question.")
@CONTEXT
@PODS_TIMEOUT
@ROOT
def deploy(environment: str, root: Path, timeout: int, context: str | None, *, yes: bool) -> None:
    """Apply an environment with kubectl.

    The changes to the cluster that kubectl points to are shown first, and must be confirmed. If the pods cannot become
    ready, the reason is shown as soon as it is known.
    """
    from gitops.cluster.context import choose_context
    from gitops.deployment import deploy as deployment
    from gitops.environments import load
    from gitops.render_sources import RenderSources

    with working() as report:
        require_overlays(root, environment)
        sources = RenderSources(root, load(root))
        folder = sources.folder(environment)

        def choose() -> str:
            return choose_context(context, confirmed)

        deployment.deploy(folder, choose, report, lambda: yes or confirmed("apply this?"), timeout)
