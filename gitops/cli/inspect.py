"""The commands that only read: status, diff and check."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gitops.cli.options import DETAILED, JSON, ROOT
from gitops.cli.output import ExitCode, finish, print_changes, print_json, print_line, print_table, reporting
from gitops.errors import GitopsError


@click.command(epilog="Example: python -m gitops status --json")
@JSON
@DETAILED
@ROOT
def status(root: Path, *, as_json: bool, detailed_exitcode: bool) -> None:
    """Show what each environment runs.

    That is an image, models, base and components (manifests) and settings; also whether that was verified, and what
    an edit of base or of a component will change once it is promoted.

    With --detailed-exitcode, 3 means that an environment is behind the one before it.
    """
    from gitops import status as environment_status
    from gitops.environments import load

    with reporting():
        rows = environment_status.rows(root, load(root))
    if as_json:
        print_json(rows)
    else:
        header = ("environment", "image", "models", "manifests", "settings", "set", "verified", "state")
        print_table(header, [_cells(row) for row in rows])
        for line in (line for row in rows for line in _notes(row, first=row is rows[0])):
            print_line(line)
    finish(changed=any(row["behind"] for row in rows), detailed=detailed_exitcode)


def _cells(row: dict[str, Any]) -> list[str]:
    from gitops.escaping import visible
    from gitops.status import age

    models = "\n".join(f"{name} {(version or '?')[:7]}" for name, version in row["models"].items())
    state = [f"frozen: {visible(row['frozen'])}"] if row["frozen"] else []
    state += [f"unverified: {visible(row['unverified'])}"] if row["unverified"] else []
    state += ["behind"] if row["behind"] else []
    state += [f"{len(row['held'])} held"] if row["held"] else []
    return [
        str(row["environment"]),
        f"{row['tag']} {row['digest'][7:14]}" if row["released"] else "none yet",
        models,
        (row["manifests"] or "HEAD")[:7],
        f"{len(row['settings'])} differ" if row["settings"] else "-",
        age(row["since"]),
        age(row["verified"]) if row["verified"] else "no",
        "\n".join(state) or "-",
    ]


def _notes(row: dict[str, Any], *, first: bool) -> Iterator[str]:
    """Yield what an edit of base or of a component will change, once it is released or promoted."""
    if row["pending"]:
        objects, fields = len({each["object"] for each in row["pending"]}), len(row["pending"])
        what = f"base and components, {_count(objects, 'object')}, {_count(fields, 'field')}"
        command = "; python -m gitops release --manifests" if first else ""
        yield f"{row['environment']}: pending: {what}{command}"
    if row["lost"]:
        yield row["lost"]
    if row["misfit"]:
        yield f"{row['environment']}: pending: its overlay does not fit base and components of HEAD: {row['misfit']}"
    if row["stale"]:
        yield f"{row['environment']}: its overlay was edited: python -m gitops render {row['environment']}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@click.command(epilog="Example: python -m gitops diff dev staging")
@click.argument("source")
@click.argument("target")
@click.option("--markdown", is_flag=True, help="Print a list for a pull request.")
@JSON
@DETAILED
@ROOT
def diff(source: str, target: str, root: Path, *, markdown: bool, as_json: bool, detailed_exitcode: bool) -> None:
    """Show how two environments differ.

    What is rendered for them is compared by object and field.

    With --detailed-exitcode, 3 means that they differ.
    """
    from gitops.environments import load
    from gitops.render import diff as renders
    from gitops.render_sources import RenderSources

    with reporting():
        require_overlays(root, source, target)
        sources = RenderSources(root, load(root))
        found = renders.diff(*map(sources.render, (source, target)))
    if as_json:
        print_json({"source": source, "target": target, "changes": [each.as_json() for each in found]})
    else:
        print_changes(found, markdown=markdown)
    finish(changed=bool(found), detailed=detailed_exitcode)


def require_overlays(root: Path, *names: str) -> None:
    """Refuse an environment without an overlay; one that environments.yaml does not list may have one."""
    found = [path.parent.name for path in sorted((root / "overlays").glob("*/kustomization.yaml"))]
    if not found:
        raise GitopsError(f"there is no overlay in {root / 'overlays'}: run this in the repository, or use --root")
    for name in names:
        if name not in found:
            raise GitopsError(f"there is no environment {name!r}; there are {', '.join(found)}")


@click.command(epilog="Example: python -m gitops check")
@click.option(
    "--cluster", is_flag=True, help="Also ask the cluster that kubectl points to whether it knows every kind."
)
@JSON
@DETAILED
@ROOT
def check(root: Path, *, cluster: bool, as_json: bool, detailed_exitcode: bool) -> None:
    """Check the rules, and that no file is stale.

    Every environment is checked against the rules, and every generated file against what `generate` would write.

    With --detailed-exitcode, 3 instead of 1 means that no rule is broken and `generate` repairs the rest.
    """
    from gitops import check as checks

    with reporting():
        found = checks.check(root)
        if cluster:
            found.problems.extend(_unknown_kinds(root, found.environments))
    if as_json:
        print_json(found.as_json())
    else:
        for line in found.lines():
            print_line(line)
    if found.problems or (found.stale and not detailed_exitcode):
        sys.exit(ExitCode.FAILED)
    finish(changed=bool(found.stale), detailed=detailed_exitcode)


def _unknown_kinds(root: Path, environments: list[str]) -> Iterator[str]:
    from gitops.cluster.api_errors import reported
    from gitops.cluster.client import Cluster
    from gitops.cluster.preflight import missing_kinds
    from gitops.deployment.deploy import RIGHTS, namespace_of
    from gitops.environments import load
    from gitops.render_sources import RenderSources

    require_overlays(root, *environments)
    sources = RenderSources(root, load(root))
    for name in environments:
        objects = sources.render(name)
        with reported(RIGHTS):
            if found := missing_kinds(Cluster(namespace_of(objects)), root, name, objects):
                yield found
