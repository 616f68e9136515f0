"""The history of files: which commit changed one last, and whether a merge took both sides as they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gitops.repository import Repository


@dataclass(frozen=True)
class History:
    """What the commits of a repository have at a path; git is asked once for each."""

    repository: Repository
    _known: dict[str, str] = field(default_factory=dict)

    def parents(self, commit: str) -> list[str]:
        """Return the parents of a commit."""
        return self.repository.git("rev-list", "--parents", "-n1", commit, "--").split()[1:]

    def blob(self, commit: str, path: str) -> str:
        """Return what identifies the content of a file at a commit; empty if it was not there."""
        return self.blobs([f"{commit}:{path}"])[0]

    def blobs(self, names: Iterable[str]) -> list[str]:
        """Return the same for many files, each written as COMMIT:PATH."""
        wanted = list(names)
        asked = [each for each in dict.fromkeys(wanted) if each not in self._known]
        if asked:
            text = "".join(f"{each}\n" for each in asked)
            found = self.repository.git("cat-file", "--batch-check=%(objectname)", text=text).splitlines()
            self._known.update(
                (each, "" if line.endswith(" missing") else line) for each, line in zip(asked, found, strict=True)
            )
        return [self._known[each] for each in wanted]

    def content(self, blob: str) -> str:
        """Return the content of a file."""
        return self.repository.git("cat-file", "blob", blob)

    def last_change(self, path: str) -> str:
        """Return the commit that changed a file last; empty if none did."""
        return self.repository.git("log", "-1", "--format=%H", "HEAD", "--", path).strip()

    def last_edit(self, path: str, text: str) -> str:
        """Return the commit that added a text to a file last, or removed it; empty if none did."""
        return self.repository.git("log", "-1", "--format=%H", f"-S{text}", "HEAD", "--", path, check=False).strip()

    def introduction(self, path: str, text: str) -> str:
        """Return the commit that brought a text into a file of HEAD; empty if it is not there, or in a comment only."""
        found = rf"^[^#]*{text}"
        if not re.search(found, self.repository.git("cat-file", "blob", f"HEAD:{path}", check=False), re.MULTILINE):
            return ""
        wanted = ("--format=%H", "--no-textconv", "--pickaxe-regex", f"-S{found}", "HEAD", "--", path)
        # A merge counts only where no branch of it had the text.
        commits = self.repository.git("log", *wanted) or self.repository.git("log", "-m", *wanted)
        return commits.partition("\n")[0]

    def changes(self, paths: Iterable[str]) -> list[str]:
        """Return every commit but merges that changed one of these files, on whatever branch it was made."""
        return self.repository.git(
            "log", "--full-history", "--no-merges", "--format=%H", "HEAD", "--", *paths
        ).split()  # fmt: skip

    def merges(self, since: str = "") -> Iterator[tuple[str, list[str]]]:
        """Yield every merge with its parents, newest first; only those that a commit is not after."""
        newer = (f"{since}..HEAD",) if since else ("HEAD",)
        for line in self.repository.git("log", "--merges", "--topo-order", "--format=%H %P", *newer, "--").splitlines():
            commit, *parents = line.split()
            yield commit, parents

    def oldest_first(self, commits: set[str]) -> list[str]:
        """Return commits in an order in which none comes before its parents."""
        listed = self.repository.git("rev-list", "--topo-order", "--reverse", "HEAD", "--").split()
        return [each for each in listed if each in commits]

    def bases(self, parents: list[str]) -> list[str]:
        """Return where branches parted."""
        return self.repository.git("merge-base", "--all", *parents, check=False).split()

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether a commit is in the history of another one, or is it."""
        return bool(self.repository.git("merge-base", older, newer, check=False).strip() == older)
