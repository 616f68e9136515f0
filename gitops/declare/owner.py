"""Give the tree to an owner: its image, its repository, its name and its namespaces, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gitops import fields, placeholder, text_files
from gitops.declare import image, remote
from gitops.declare.image import Image
from gitops.environments import FILE, Environments, load
from gitops.errors import GitopsError
from gitops.release import overlay, replaced
from gitops.render.kustomize import kustomization
from gitops.rules.old_names import pattern, texts
from gitops.yaml_edit import replace_list, replace_value

CODEOWNERS = Path(".github/CODEOWNERS")


@dataclass(frozen=True)
class Owner:
    """What an owner calls things."""

    image: Image
    repository: str
    name: str
    prefix: str


def owner(root: Path, image_name: str, repository: str, name: str | None, prefix: str | None) -> Owner:
    """Return the owner's names, each checked; a name that is not given stays."""
    declared = load(root)
    for found in (name, prefix):
        if found is not None and not fields.NAME.fullmatch(found):
            raise GitopsError(f"{found!r} is no name: use a to z, 0 to 9 and -")
    named = Owner(image.parse(image_name), remote.parse(repository), name or declared.name, prefix or declared.prefix)
    if any(placeholder.HOST in f"{each}/" for each in (named.image.repository, named.repository)):
        raise GitopsError("names that end in .invalid stand for those that are still to be given: give your own")
    return named


def write_owner(root: Path, new: Owner) -> Callable[[Path], None]:
    """Return the change that writes an owner's names."""
    old = load(root)
    spaces = {each.namespace: _renamed(each.namespace, old.prefix, new.prefix) for each in old.all}
    spaces |= {old.prefix: new.prefix, f"{old.prefix}-verify": f"{new.prefix}-verify"}

    def change(copy: Path) -> None:
        _set_texts(copy, old, new, spaces)
        # After the texts, because a new name may contain the old one.
        _set_overlays(copy, old, new)
        _set_environments(copy, old, new, spaces)

    return change


def _renamed(namespace: str, old: str, new: str) -> str:
    return re.sub(rf"^{re.escape(old)}(?=-|$)", new, namespace)


def _set_overlays(copy: Path, old: Environments, new: Owner) -> None:
    for name in old.names:
        page = overlay(copy, name)
        entries = kustomization(page.parent).get("images") or []
        index = next((i for i, each in enumerate(entries) if each.get("name") == old.image), None)
        if index is None:
            raise GitopsError(f"overlays/{name} has no image {old.image!r} under images")
        if new.image.release or old.image_repository != new.image.repository:
            # A digest of another registry's image says nothing of this one's.
            text_files.write(page, replaced(page, old.image, image.first(new.image)))
        text = replace_value(text_files.read(page), ("images", index, "newName"), new.image.repository)
        text_files.write(page, text)


def _set_texts(copy: Path, old: Environments, new: Owner, spaces: dict[str, str]) -> None:
    """Replace the old names where people wrote them."""
    pairs = {
        old.image_repository: new.image.repository,
        remote.identity(old.repository): remote.identity(new.repository),
    }
    pairs |= spaces
    any_name = re.compile("|".join(pattern(name).pattern for name in sorted(pairs, key=len, reverse=True)))
    for path in texts(copy):
        before = text_files.read(path)
        text = any_name.sub(lambda found: pairs[found[0]], before)
        if path == copy / CODEOWNERS:
            text = _owners(text, remote.owner(old.repository), remote.owner(new.repository))
        if path == copy / "README.md":
            text = re.sub(rf"\A# {re.escape(old.name)}$", f"# {new.name}", text, flags=re.MULTILINE)
        if text != before:
            text_files.write(path, text)


def _owners(text: str, old: str, new: str) -> str:
    """Replace an account and its teams by the new account, which may have no teams, once a line."""
    return re.sub(rf"@{re.escape(old)}(/[\w-]+)?( @{re.escape(old)}(/[\w-]+)?)*(?![\w/-])", f"@{new}", text)


def _set_environments(copy: Path, old: Environments, new: Owner, spaces: dict[str, str]) -> None:
    text = text_files.read(copy / FILE)
    values = {
        "image_repository": new.image.repository, "repository": new.repository, "name": new.name, "prefix": new.prefix,
    }  # fmt: skip
    for key, value in values.items():
        text = replace_value(text, (key,), value)
    for index, each in enumerate(old.all):
        text = replace_value(text, ("environments", index, "namespace"), spaces[each.namespace])
    text_files.write(copy / FILE, replace_list(text, ("former_names",), _former_names(old, new)))


def _former_names(old: Environments, new: Owner) -> list[str]:
    """Return the names that nothing may have any more."""
    now = {new.image.repository, remote.identity(new.repository), f"@{remote.owner(new.repository)}"}
    was = [*old.former_names, old.image_repository, remote.identity(old.repository), f"@{remote.owner(old.repository)}"]
    # A new name may contain an old one.
    return [each for each in dict.fromkeys(was) if not any(pattern(each).search(name) for name in now)]
