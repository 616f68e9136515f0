"""An environment with another release: the files of its overlay, what it renders to, and what that changes."""

from __future__ import annotations

from pathlib import Path

from gitops import promotion_gates, rendered_files, text_files
from gitops.errors import GitopsError
from gitops.generate import generated_files as generated
from gitops.mounted import FILE
from gitops.mounted import text as mount_text
from gitops.release import Release, overlay, replaced
from gitops.render.diff import Change, diff
from gitops.render.kustomize import kustomization, render_text
from gitops.render.objects import Object
from gitops.render_sources import LostCommitError, RenderSources
from gitops.rules.check import NEEDED_TO_START, RULES, problems
from gitops.rules.kustomization import ORDER
from gitops.rules.overlay import Overlay, load
from gitops.yaml_edit import add_text, remove_entry


class ReleasePreviews:
    """Renders the environments of one tree with releases that they do not have yet."""

    def __init__(self, sources: RenderSources) -> None:
        self.sources = sources

    def overlay_changes(self, target: str, release: Release) -> dict[str, str | None]:
        """Return the files of an overlay that a release changes, with their new texts."""
        page = overlay(self.sources.root, target)
        text = replaced(page, self.sources.environments.image, release)
        patches = kustomization(page.parent).get("patches") or []
        place = next((index for index, each in enumerate(patches) if each == {"path": FILE}), None)
        if release.models and place is None:
            text = add_text(text, "patches", f"path: {FILE}", ORDER)
        elif not release.models and place is not None:
            text = remove_entry(text, ("patches", place))
        own: dict[str, str | None] = {page.name: text} if text != text_files.read(page) else {}
        if release.models:
            own[FILE] = mount_text(release.models, self.sources.environments.image_repository)
        elif (page.parent / FILE).exists():
            own[FILE] = None
        return own

    def render_checked(
        self, target: str, own: dict[str, str | None], release: Release, versions: dict[str, str], *, back: bool
    ) -> tuple[list[Change], Overlay]:
        """Render the environment with its new release; refuse it if it breaks a rule or cannot be applied.

        A way back is not refused for what a rule says that came later, but pods that would not start are no way back.
        """
        before = self.before(target, edited=back)
        first = self.sources.is_first(target)
        folder = self.sources.folder(target, "" if first else release.commit, own=own)
        after = load(self.sources, target, versions, folder=folder)
        for broken in problems([after], NEEDED_TO_START if back else RULES):
            raise GitopsError(f"the change breaks a rule: {broken}")
        if first and not back:
            self._require_committed(target, own, release, after.rendered)
        changes = diff(before, after.objects)
        promotion_gates.require_no_deletion(changes, back=back)
        return changes, after

    def _require_committed(self, target: str, own: dict[str, str | None], release: Release, rendered: str) -> None:
        """Refuse base and components of a working tree that no other environment could be rendered from."""
        try:
            committed = render_text(self.sources.folder(target, release.commit, own=own))
        except LostCommitError:
            raise
        except GitopsError:
            committed = ""
        if committed != rendered:
            raise GitopsError(
                f"{target}: base and components of the commit {release.commit[:12]} render to something else than "
                "those of the working tree: a file in them is ignored by git, in a submodule, or changed by "
                ".gitattributes"
            )

    def before(self, target: str, *, edited: bool) -> list[Object]:
        """Return the environment as its last release made it; an edit of its overlay may be part of it or not."""
        commit = self.sources.recorded_release(target).commit
        if commit and not self.sources.has(commit):
            # Its release is of a history that is gone: what it ships is all that is left.
            return rendered_files.objects(self.sources.root, target)
        if not self.sources.is_first(target):
            found = load(self.sources, target)
            if not edited:
                promotion_gates.require_rendered(self.sources.root, target, found.rendered)
            return found.objects
        try:
            return self.sources.render(target, commit)
        except GitopsError:
            # Its overlay fits to the newest base only.
            return self.sources.render(target)

    def generated_files(self, after: Overlay) -> dict[Path, str | None]:
        """Return the generated files that follow from a render and that the repository has, where they change."""
        try:
            others = {name: load(self.sources, name) for name in self.sources.environments.names if name != after.name}
        except GitopsError:
            # Another environment cannot be rendered, which `check` says: that is no matter of this one.
            return {}
        overlays = [others.get(name, after) for name in self.sources.environments.names]
        return {**generated.updates(self.sources.root, self.sources.environments, overlays)}
