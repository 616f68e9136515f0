"""python -m gitops: see, check and move what each environment runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gitops.errors import GitopsError
from gitops.moving import COMMANDS
from gitops.terminal import ROOT, reporting, show


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """See, check and move what each environment runs."""


def _environments(root: Path) -> list[Path]:
    found = sorted(path.parent for path in (root / "overlays").glob("*/kustomization.yaml"))
    if not found:
        raise GitopsError(
            f"there is no overlay in {root / 'overlays'}: run this in the repository, or name it by --root"
        )
    return found


def _environment(root: Path, name: str) -> Path:
    folders = {folder.name: folder for folder in _environments(root)}
    if name not in folders:
        raise GitopsError(f"there is no environment {name!r}; there are {', '.join(folders)}")
    return folders[name]


@main.command(epilog="Example: python -m gitops check")
@ROOT
def check(root: Path) -> None:
    """Hold every environment against the rules; exit code 1 if one is broken."""
    from gitops.rules import load, problems  # noqa: PLC0415 - a wrong command line is said first

    with reporting():
        environments = [load(folder) for folder in _environments(root)]
        broken = list(problems(environments))
    for each in broken:
        click.echo(each)
    if broken:
        sys.exit(1)
    click.echo(f"{', '.join(each.name for each in environments)}: every rule is kept")


@main.command(epilog="Example: python -m gitops status --json")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@ROOT
def status(root: Path, *, as_json: bool) -> None:
    """Show what each environment runs, whether it was verified, and what is held."""
    from gitops.stages import load  # noqa: PLC0415
    from gitops.status import age, matrix  # noqa: PLC0415

    with reporting():
        rows = matrix(root, load(root))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*("stage", "image", "model", "here", "verified", "hold", "behind", "differs"), box=None)
    for row in rows:
        image = f"{row['tag']} {row['digest'][7:14]}"
        models = "\n".join(f"{name} {(version or '?')[:7]}" for name, version in row["models"].items())
        verified, behind = age(row["verified"]) if row["verified"] else "no", "yes" if row["behind"] else "-"
        here, hold, differs = age(row["since"]), row["hold"] or "-", str(len(row["differs"]) or "-")
        table.add_row(row["environment"], image, models, here, verified, hold, behind, differs)
    Console().print(table)


@main.command(epilog="Example: python -m gitops diff dev staging")
@click.argument("source")
@click.argument("target")
@click.option("--markdown", is_flag=True, help="For a pull request.")
@ROOT
def diff(source: str, target: str, root: Path, *, markdown: bool) -> None:
    """Show how two environments differ once they are rendered, by object and field; exit code 1 if they do."""
    from gitops.difference import changes  # noqa: PLC0415
    from gitops.render import render  # noqa: PLC0415

    with reporting():
        found = changes(*(render(_environment(root, each)) for each in (source, target)))
    show(found, markdown=markdown)
    sys.exit(int(bool(found)))


@main.command(epilog="Example: python -m gitops render")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit code 1 if what is there is stale.")
@ROOT
def render(root: Path, *, only_check: bool) -> None:
    """Write what Kustomize makes of every environment to rendered/, for reviewers to read."""
    from gitops.render import text  # noqa: PLC0415

    stale = []
    with reporting():
        for folder in _environments(root):
            path, found = root / "rendered" / f"{folder.name}.yaml", text(folder)
            if not path.exists() or path.read_text() != found:
                stale.append(path.name)
                if not only_check:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(found)
    click.echo(
        f"{'stale' if only_check else 'written'}: {', '.join(stale)}" if stale else "nothing to do: it is there already"
    )
    sys.exit(int(bool(stale)))


@main.command(epilog="Example: python -m gitops deploy dev")
@click.argument("environment")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--timeout", default=180, show_default=True, help="Seconds to wait for the pods.")
@ROOT
def deploy(environment: str, root: Path, timeout: int, *, yes: bool) -> None:
    """Apply an environment to the cluster that kubectl points to."""
    from gitops import deploy as deploying  # noqa: PLC0415

    with reporting():
        say = lambda text: click.echo(text, nl=False)  # noqa: E731
        deploying.deploy(_environment(root, environment), say, lambda: yes or click.confirm("apply this?"), timeout)


for command in COMMANDS:
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="python -m gitops", complete_var="_GITOPS_COMPLETE")
