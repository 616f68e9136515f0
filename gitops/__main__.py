"""python -m gitops: see, check and move what each environment runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gitops.errors import GitopsError

ROOT = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The repository (default: here)."
)


@contextmanager
def _reporting() -> Iterator[None]:
    """Say what stops a command in one line, and end with a code above 1."""
    try:
        yield
    except GitopsError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


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


@main.command(epilog="Example: python -m gitops check")
@ROOT
def check(root: Path) -> None:
    """Hold every environment against the rules; exit code 1 if one is broken."""
    from gitops.rules import load, problems  # noqa: PLC0415 - a wrong command line is said first

    with _reporting():
        environments = [load(folder) for folder in _environments(root)]
        broken = list(problems(environments))
    for each in broken:
        click.echo(each)
    if broken:
        sys.exit(1)
    click.echo(f"{', '.join(each.name for each in environments)}: every rule is kept")


@main.command(epilog="Example: python -m gitops deploy dev")
@click.argument("environment")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option("--timeout", default=180, show_default=True, help="Seconds to wait for the pods.")
@ROOT
def deploy(environment: str, root: Path, timeout: int, *, yes: bool) -> None:
    """Apply an environment to the cluster that kubectl points to."""
    from gitops import deploy as deploying  # noqa: PLC0415

    with _reporting():
        folders = {folder.name: folder for folder in _environments(root)}
        if environment not in folders:
            raise GitopsError(f"there is no environment {environment!r}; there are {', '.join(folders)}")
        say = lambda text: click.echo(text, nl=False)  # noqa: E731
        deploying.deploy(folders[environment], say, lambda: yes or click.confirm("apply this?"), timeout)


if __name__ == "__main__":
    main(prog_name="python -m gitops")
