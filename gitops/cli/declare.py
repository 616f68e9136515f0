"""The commands that change what is declared: init, env and component. They write files, and commit nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops.cli.options import DETAILED, JSON, ROOT
from gitops.cli.output import finish, print_json, print_line, reporting

if TYPE_CHECKING:
    from gitops.declare.owner import Owner


def _run(root: Path, make: Callable[[], Any], notes: list[str], *, as_json: bool, detailed_exitcode: bool) -> None:
    """Apply a change, and print the files that it wrote and what is left to do."""
    from gitops.declare.transaction import apply_atomically

    with reporting():
        paths = [str(each) for each in apply_atomically(root, make())]
    if as_json:
        print_json({"changed": paths, "notes": notes})
    else:
        print_line(f"changed: {', '.join(paths)}" if paths else "nothing to do")
        for note in notes if paths else ():
            print_line(note)
    finish(changed=bool(paths), detailed=detailed_exitcode)


@click.command(epilog="Example: python -m gitops init --image ghcr.io/me/churn --repo https://github.com/me/churn.git")
@click.option(
    "--image", metavar="REGISTRY/NAME[:TAG@DIGEST]", help="The image; with a tag and a digest, one to begin with."
)
@click.option("--repo", metavar="URL", help="The repository that Argo CD or Flux syncs (default: git's remote).")
@click.option(
    "--name", help="The name of the controllers' objects: needed where two such applications share a cluster."
)
@click.option("--prefix", help="What every namespace begins with.")
@JSON
@DETAILED
@ROOT
def init(root: Path, image: str | None, repo: str | None, name: str | None, prefix: str | None, **how: bool) -> None:
    """Make this tree yours: write your image, repository and names.

    They go into environments.yaml, the overlays, the controllers' objects, the workflows, README and docs. Without
    options it asks. Run it again to change them.
    """
    from gitops.declare import owner

    with reporting():
        found = _asked(root, image, repo, name, prefix)
    first = "next: commit this, make image push, then python -m gitops release 0.1.0@$(cat build/digest)"
    notes = ["next: commit this" if found.image.release else first]
    _run(root, lambda: owner.write_owner(root, found), notes, **how)


def _asked(root: Path, image: str | None, repo: str | None, name: str | None, prefix: str | None) -> Owner:
    """Return the owner's names; on a terminal, ask for the two that are needed."""
    from gitops.declare import owner, remote
    from gitops.environments import load
    from gitops.errors import GitopsError
    from gitops.repository import Repository

    load(root)
    guess = repo or remote.guessed(Repository(root))
    terminal = sys.stdin is not None and sys.stdin.isatty()
    try:
        if not repo:
            repo = click.prompt("repository that Argo CD or Flux syncs", default=guess) if terminal else guess
        if not image and terminal:
            image = click.prompt("image, as REGISTRY/NAME", default=remote.guessed_image(repo) if repo else None)
    except click.Abort:
        raise GitopsError("not answered: nothing was changed") from None
    if not image:
        raise GitopsError("no image is named: --image REGISTRY/NAME, like --image ghcr.io/owner/score-app")
    if not repo:
        raise GitopsError("git has no remote on a server to take the address from: --repo URL")
    return owner.owner(root, image, repo, name, prefix)


@click.group()
def env() -> None:
    """Add, remove or rename an environment."""


NAMESPACE = click.option("--namespace", help="Its namespace (default: the prefix of environments.yaml, and its name).")


@env.command("add", epilog="Example: python -m gitops env add qa --after dev --like staging")
@click.argument("name")
@click.option("--after", required=True, help="The environment that it follows.")
@click.option("--like", help="Whose overlay and objectives it begins with (default: that of --after).")
@NAMESPACE
@JSON
@DETAILED
@ROOT
def add(name: str, root: Path, after: str, like: str | None, namespace: str | None, **how: bool) -> None:
    """Add an environment: entry, overlay, and everything that follows from them."""
    from gitops.declare import environment

    notes = [f"next: edit overlays/{name}/kustomization.yaml if it should differ from {like or after}, and commit"]
    _run(root, lambda: environment.add(root, name, after, like or after, namespace), notes, **how)


@env.command("remove", epilog="Example: python -m gitops env remove qa")
@click.argument("name")
@JSON
@DETAILED
@ROOT
def remove(name: str, root: Path, **how: bool) -> None:
    """Remove an environment from the files; the cluster keeps what runs there."""
    from gitops.declare import environment

    with reporting():
        notes = [*_left(root, name, ""), *environment.forgotten(root, name)]
    _run(root, lambda: environment.remove(root, name), notes, **how)


@env.command("rename", epilog="Example: python -m gitops env rename staging acceptance")
@click.argument("old")
@click.argument("new")
@NAMESPACE
@JSON
@DETAILED
@ROOT
def rename(old: str, new: str, root: Path, namespace: str | None, **how: bool) -> None:
    """Rename an environment, and its namespace if that has the old name."""
    from gitops.declare import environment

    with reporting():
        space = environment.renamed_namespace(root, old, new, namespace)
        notes = _left(root, old, space)
    _run(root, lambda: environment.rename(root, old, new, space), notes, **how)


def _left(root: Path, name: str, namespace: str) -> list[str]:
    """Return how to delete what a cluster still has of an environment that is now in this namespace, or in none."""
    from gitops.environments import load

    environments = load(root)
    old = environments.get(name).namespace
    synced = f"{environments.name}-{name}"
    notes = [
        "the cluster still has it; where a controller syncs it, stop that first:",
        f"  Argo CD: kubectl -n argocd delete application {synced}",
        f"  Flux: kubectl -n flux-system delete kustomization.kustomize.toolkit.fluxcd.io {synced}",
    ]
    return notes if old == namespace else [*notes, f"  then: kubectl delete namespace {old}"]


@click.group()
def component() -> None:
    """Add a component to an environment, or remove it."""


@component.command("add", epilog="Example: python -m gitops component add network-policy dev")
@click.argument("name")
@click.argument("environment")
@JSON
@DETAILED
@ROOT
def add_component(name: str, environment: str, root: Path, **how: bool) -> None:
    """Add a component to an environment, and say what it needs in the cluster."""
    from gitops import components
    from gitops.declare import component as declared

    with reporting():
        change = declared.add(root, name, environment)
        notes = [f"{name}: {components.needs(root, name)}"]
        if kinds := components.foreign_kinds(root, name):
            notes.append(f"the cluster must know {', '.join(kinds)}: python -m gitops check --cluster asks it")
    _run(root, lambda: change, notes, **how)


@component.command("remove", epilog="Example: python -m gitops component remove monitoring staging")
@click.argument("name")
@click.argument("environment")
@JSON
@DETAILED
@ROOT
def remove_component(name: str, environment: str, root: Path, **how: bool) -> None:
    """Remove a component from an environment."""
    from gitops.declare import component as declared

    _run(root, lambda: declared.remove(root, name, environment), [], **how)
