"""What each environment is rendered from.

The first environment: the working tree. Every later one: its own overlay in the working tree, and base and components
as they were at the commit of its release, from the history of git. So an edit of base or of a component changes the
first environment alone, and reaches the others by a promotion. One that has an image which no command has released has
base and components of the commit that wrote it; one without an image runs nowhere, and has the working tree's.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gitops import ledger, mounted, text_files
from gitops.environments import Environments
from gitops.errors import GitopsError
from gitops.history import History
from gitops.release import DIGEST, Release, current_image, overlay
from gitops.render.kustomize import kustomization, render
from gitops.render.objects import Object
from gitops.repository import Repository

SHARED = ("base", "components")
"""The folders that a release brings along."""


class LostCommitError(GitopsError):
    """A release whose base and components this clone has not."""


class RenderSources:
    """The files of every environment of one tree; the tree may be a copy, whose history is elsewhere."""

    def __init__(self, root: Path, environments: Environments, history: Repository | None = None) -> None:
        self.root, self.environments = root, environments
        self.history = history or Repository(root.resolve())
        self.states = ledger.states(root, environments.names)
        self._scratch = Path(tempfile.mkdtemp(prefix="gitops-"))
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._copies = 0
        self._trees_at: dict[str, list[str]] = {}
        self._found: dict[str, bool] = {}

    def is_first(self, name: str) -> bool:
        """Return whether an environment is always rendered from the working tree, as one that is not declared is."""
        return name not in self.environments.names[1:]

    def release(self, name: str) -> Release:
        """Return the release that an environment has: its overlay's image and models, and the commit of the rest."""
        entry = self.states[name].current
        commit = entry["commit"] if entry else ""
        if self.is_first(name):
            commit = self.shared_commit(name)
        page = overlay(self.root, name)
        image = current_image(self.root, name, self.environments.image)
        return replace(image, commit=commit, models=mounted.of_overlay(page.parent))

    def recorded_release(self, name: str) -> Release:
        """Return the release that an environment was given last: later edits of base are no part of it."""
        release, entry = self.release(name), self.states[name].current
        return replace(release, commit=entry["commit"]) if entry else release

    def base_commit(self, name: str) -> str:
        """Return the commit of base and components that an environment is rendered from; empty for the working tree."""
        if self.is_first(name):
            return ""
        if entry := self.states[name].current:
            return str(entry["commit"])
        if not (commit := self._image_commit(name)):
            return ""
        if self.history.is_shallow:
            raise LostCommitError(
                f"{name} has base and components of the commit that wrote its image, which may be missing, because "
                "this clone is a shallow one: git fetch --unshallow"
            )
        return self._last_change(commit)

    def _image_commit(self, name: str) -> str:
        """Return the commit that wrote the image of an environment; empty if it has none, or it is not committed."""
        digest, page = current_image(self.root, name, self.environments.image).digest, overlay(Path(), name)
        return History(self.history).introduction(str(page), digest) if DIGEST.fullmatch(digest) else ""

    def shared_commit(self, name: str) -> str:
        """Return the commit of base and components at HEAD.

        If they are as at a commit that a ledger knows, it is that one: what was verified or rolled back is known again.
        """
        if (entry := self.states[name].current) and self.history.is_shallow:
            self.require_commit(name, entry["commit"])
        trees = self._trees("HEAD")
        known = [each for state in (self.states[name], *self.states.values()) for each in reversed(state.commits)]
        for commit in dict.fromkeys(known):
            if self._trees(commit) == trees and self.has(commit):
                return commit
        return self._last_change("HEAD")

    def _last_change(self, commit: str) -> str:
        return self.history.git("log", "-1", "--format=%H", commit, "--", *SHARED, check=False).strip()

    def _trees(self, commit: str) -> list[str]:
        """Return what base and components are at a commit; git is asked once, as HEAD stays while a command plans."""
        if commit not in self._trees_at:
            names = [f"{commit}:{each}" for each in SHARED]
            found = [self.history.git("rev-parse", "-q", "--verify", name, check=False).strip() for name in names]
            self._trees_at[commit] = found
        return self._trees_at[commit]

    def folder(self, name: str, commit: str | None = None, *, own: Mapping[str, str | None] | None = None) -> Path:
        """Return a folder to render: the overlay of an environment, with base and components beside it.

        These can be of another commit, or of the working tree if it is empty, and files of the overlay can have other
        texts; None for one that goes.
        """
        if commit is None:
            commit = self.base_commit(name)
        folder = overlay(self.root, name).parent
        if not commit and not own:
            return folder
        copy = self._new_copy()
        if commit:
            self._extract(name, commit, copy, *SHARED)
        else:
            for each in SHARED:
                shutil.copytree(self.root / each, copy / each, symlinks=True)
        place = copy / "overlays" / name
        shutil.copytree(folder, place, symlinks=True)
        for file, text in (own or {}).items():
            if text is None:
                (place / file).unlink()
            else:
                text_files.write(place / file, text)
        if commit:
            _require_components(place, commit)
        return place

    def folder_as_set(self, name: str) -> Path:
        """Return a folder to render: an environment as the commit that set its release has it."""
        entry, page = self.states[name].current, str(ledger.path(Path(), name))
        set_by = History(self.history).last_edit(page, ledger.beginning(entry)) if entry else self._image_commit(name)
        copy, place = self._new_copy(), overlay(Path(), name).parent
        self._extract(name, self.base_commit(name), copy, *SHARED)
        self._extract(name, set_by, copy, str(place))
        return copy / place

    def render(self, name: str, commit: str | None = None) -> list[Object]:
        """Return the rendered objects of an environment."""
        return render(self.folder(name, commit))

    def _new_copy(self) -> Path:
        self._copies += 1
        copy = self._scratch / str(self._copies)
        copy.mkdir()
        return copy

    def _extract(self, name: str, commit: str, copy: Path, *folders: str) -> None:
        """Write folders of a commit, without a look at the working tree; a rollback may need one that no other has."""
        if not self._exists(commit):
            self.require_commit(name, commit)
        archive = copy / "folders.tar"
        self.history.git("archive", "--format=tar", f"--output={archive}", commit, "--", *folders)
        with tarfile.open(archive) as found:
            for member in found:
                path = copy / member.name
                if member.isdir():
                    path.mkdir()
                elif member.issym():
                    path.symlink_to(member.linkname)
                elif content := found.extractfile(member):
                    path.write_bytes(content.read())
        archive.unlink()

    def has(self, commit: str) -> bool:
        """Return whether the history of HEAD has a commit, so that every clone gets it; a shallow one cannot tell."""
        if commit not in self._found:
            self._found[commit] = self._exists(commit) and (
                self.history.is_shallow or History(self.history).is_ancestor(commit, "HEAD")
            )
        return self._found[commit]

    def _exists(self, commit: str) -> bool:
        return bool(self.history.git("rev-parse", "-q", "--verify", f"{commit}^{{commit}}", check=False))

    def outside_history(self, name: str, commit: str) -> str:
        """Return why only this clone has base and components of a commit; empty if others have them, or none has."""
        if self.has(commit) or not self._exists(commit):
            return ""
        return (
            f"{name}: base and components of the commit {commit[:12]} are not in the history of HEAD, as after a "
            "rebase or a squash merge, so that other clones lack them: release and promote once more"
        )

    def require_commit(self, name: str, commit: str) -> None:
        """Refuse base and components that not every clone has."""
        if self.has(commit):
            return
        if reason := self.outside_history(name, commit):
            raise LostCommitError(reason)
        lacks = f"{name}: this clone lacks base and components of the commit {commit[:12]}"
        if self.history.is_shallow:
            raise LostCommitError(f"{lacks}, because it is a shallow one: git fetch --unshallow")
        raise LostCommitError(
            f"{lacks}: git fetch --all; if no clone has them any more, as after a rebase, release and promote once more"
        )


def _require_components(folder: Path, commit: str) -> None:
    """Refuse an overlay that lists what its release did not have yet."""
    for each in kustomization(folder).get("components") or ():
        if not (folder / str(each)).is_dir():
            component = str(each).rpartition("/")[2]
            raise GitopsError(
                f"{folder.name} has the component {component}, which its release, with components of the commit "
                f"{commit[:12]}, does not: promote one that has it first, or python -m gitops component remove "
                f"{component} {folder.name}"
            )
