"""Add, remove and rename an environment: its entry, its overlay and its ledger."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml

from gitops import fields, ledger, text_files
from gitops.environments import FILE, Environments, load
from gitops.errors import GitopsError
from gitops.plan import ledger_fields
from gitops.release import overlay
from gitops.render.kustomize import kustomization
from gitops.render_sources import RenderSources
from gitops.repository import Repository
from gitops.rules.old_names import pattern, texts
from gitops.yaml_edit import entry, insert_after, remove_entry, replace_value

Change = Callable[[Path], None]


def add(root: Path, name: str, after: str, like: str, namespace: str | None = None) -> Change:
    """Return the change that adds an environment after one, with the overlay and the entry of another."""
    environments = load(root)
    _require_new(environments, name)
    place, source = environments.index(after), environments.index(like)
    space = namespace or f"{environments.prefix}-{name}"

    def change(copy: Path) -> None:
        text = text_files.read(copy / FILE)
        lines = _without_comments(entry(text, ("environments", source)))
        _write(copy, insert_after(text, ("environments", place), lines), place + 1, name, space)
        page = overlay(copy, name)
        shutil.copytree(overlay(copy, like).parent, page.parent, ignore=shutil.ignore_patterns("alerts.yaml"))
        _set_page(page, name, space)
        _give_release(root, copy, like, name)

    return change


def _give_release(root: Path, copy: Path, like: str, name: str) -> None:
    """Give an environment the release of another, so that later edits of base do not reach it without a promotion."""
    repository = Repository(root.resolve())
    sources = RenderSources(root, load(root), repository)
    facts = sources.states[like].current
    if facts is None and (commit := sources.base_commit(like)):
        facts = ledger_fields(replace(sources.release(like), commit=commit))
    if facts is not None:
        kept = {key: facts[key] for key in ("tag", "digest", "commit", "mounted", "models") if key in facts}
        text = ledger.append(copy, name, "release", repository.actor, **kept, **{"from": like})
        text_files.write(ledger.path(copy, name), text)


def remove(root: Path, name: str) -> Change:
    """Return the change that removes an environment, its overlay and its ledger."""
    environments = load(root)
    place = environments.index(name)
    if len(environments.all) == 1:
        raise GitopsError(f"{name} is the only environment: add another one first")

    def change(copy: Path) -> None:
        text = text_files.read(copy / FILE)
        text_files.write(copy / FILE, remove_entry(text, ("environments", place)))
        _set_first(copy, name, next(each for each in environments.names if each != name))
        shutil.rmtree(overlay(copy, name).parent, ignore_errors=True)
        ledger.path(copy, name).unlink(missing_ok=True)

    return change


def forgotten(root: Path, name: str) -> list[str]:
    """Return what is on hold in an environment alone: nothing refuses that any more once its ledger is gone."""
    states = ledger.states(root, load(root).names)
    elsewhere = {part for other, state in states.items() if other != name for part in state.held}
    found = {part: hold for part, hold in states[name].held.items() if part not in elsewhere}
    return [
        f"{part[:19]} was rolled back there ({hold.reason}), and is not on hold any more"
        for part, hold in found.items()
    ]


def renamed_namespace(root: Path, old: str, new: str, namespace: str | None) -> str:
    """Return the namespace of a renamed environment: the given one, else one with the new name, if it had the old."""
    environments = load(root)
    before = environments.get(old).namespace
    return namespace or (f"{environments.prefix}-{new}" if before == f"{environments.prefix}-{old}" else before)


def rename(root: Path, old: str, new: str, space: str) -> Change:
    """Return the change that gives an environment another name and namespace."""
    environments = load(root)
    _require_new(environments, new)
    place, before = environments.index(old), environments.get(old).namespace

    def change(copy: Path) -> None:
        _write(copy, text_files.read(copy / FILE), place, new, space)
        _set_first(copy, old, new)
        overlay(copy, old).parent.rename(overlay(copy, new).parent)
        _set_texts(copy, before, space)
        _set_page(overlay(copy, new), new, space)
        if ledger.path(copy, old).exists():
            ledger.path(copy, old).rename(ledger.path(copy, new))
        if ledger.state(ledger.read(copy, new)).current is None:
            _give_release(root, copy, old, new)

    return change


def _require_new(environments: Environments, name: str) -> None:
    if not fields.NAME.fullmatch(name):
        raise GitopsError(f"{name!r} is no name: use a to z, 0 to 9 and -")
    if yaml.safe_load(name) != name:
        raise GitopsError(f"{name!r} is no name: YAML reads it as another value than a text")
    if name in environments.names:
        raise GitopsError(f"there is an environment {name!r} already: python -m gitops status shows them")


def _write(copy: Path, text: str, place: int, name: str, namespace: str) -> None:
    for key, value in (("name", name), ("namespace", namespace)):
        text = replace_value(text, ("environments", place, key), value)
    text_files.write(copy / FILE, text)


def _set_page(page: Path, name: str, namespace: str) -> None:
    """Set the namespace and the label `env` of an overlay."""
    text = replace_value(text_files.read(page), ("namespace",), namespace)
    for index, each in enumerate(kustomization(page.parent).get("labels") or ()):
        if "env" in (each.get("pairs") or {}):
            text = replace_value(text, ("labels", index, "pairs", "env"), name)
    text_files.write(page, text)


def _set_first(copy: Path, old: str, new: str) -> None:
    """Let the top of the tree, which is what `kubectl apply -k .` applies, include another environment."""
    page = copy / "kustomization.yaml"
    for index, each in enumerate(kustomization(copy).get("resources") or () if page.exists() else ()):
        if each == f"overlays/{old}":
            text_files.write(page, replace_value(text_files.read(page), ("resources", index), f"overlays/{new}"))


def _set_texts(copy: Path, old: str, new: str) -> None:
    """Replace a namespace in the commands of the documentation."""
    for path in (each for each in texts(copy) if each.suffix == ".md"):
        text = text_files.read(path)
        if (changed := pattern(old).sub(new, text)) != text:
            text_files.write(path, changed)


def _without_comments(lines: str) -> str:
    """Return an entry without its comments, which are about the environment that it is copied from."""
    bare = re.sub(r"[ \t]+#.*", "", lines)
    return bare if yaml.safe_load(bare) == yaml.safe_load(lines) else lines
