"""The git repository: its state, commits and pushes, through git itself."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from gitops.errors import GitopsError


class PushError(GitopsError):
    """A push that the remote did not accept."""


@dataclass(frozen=True)
class Repository:
    """A working tree."""

    root: Path

    def git(self, *args: str, check: bool = True) -> str:
        """Run git and return its output; with check=False, an empty text if it fails."""
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(self.root), *args], capture_output=True, text=True, check=False  # noqa: S607
        )  # fmt: skip
        if check and done.returncode:
            raise GitopsError(f"git {args[0]}: {' '.join((done.stderr or done.stdout).split())[:400]}")
        return done.stdout if done.returncode == 0 else ""

    @property
    def head(self) -> str:
        """Return the commit that is checked out."""
        return self.git("rev-parse", "HEAD").strip()

    @property
    def actor(self) -> str:
        """Return the email address that commits carry."""
        return self.git("config", "user.email", check=False).strip() or "unknown"

    @property
    def remote(self) -> str:
        """Return the name of the remote; empty if there is none."""
        return self.git("remote", check=False).split("\n")[0]

    def require_ready(self, branch: str, *, push: bool) -> None:
        """Refuse a working tree with changes, another branch, and, before a push, a branch behind its remote."""
        if self.git("status", "--porcelain").strip():
            raise GitopsError("the working tree has changes: commit or stash them first")
        found = self.git("symbolic-ref", "--short", "-q", "HEAD", check=False).strip()
        if not found:
            raise GitopsError(f"no branch is checked out: git switch {branch}")
        if found != branch:
            raise GitopsError(f"this is the branch {found}; releases are committed to {branch}: git switch {branch}")
        if push and self.remote and self.is_behind(branch):
            raise GitopsError(f"{branch} is behind {self.remote}/{branch}: git pull --rebase")

    def is_behind(self, branch: str) -> bool:
        """Fetch, and return whether the remote has commits that the working tree lacks."""
        try:
            self.git("fetch", "--quiet", self.remote)
        except GitopsError as error:
            raise GitopsError(f"{self.remote} cannot be reached; --no-push only commits ({error})") from None
        upstream = self.git("rev-parse", "-q", "--verify", f"{self.remote}/{branch}", check=False).strip()
        return bool(upstream) and bool(self.git("rev-list", f"HEAD..{upstream}").strip())

    def commit(self, paths: list[Path], subject: str, trailers: dict[str, str]) -> str:
        """Commit these files and nothing else, and return the commit."""
        self.git("add", "--", *self.relative(paths))
        message = subject + "\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
        self.git("commit", "--quiet", "-m", message)
        return self.head

    def push(self, branch: str) -> None:
        """Push HEAD to a branch without force."""
        try:
            self.git("push", "--quiet", self.remote, f"HEAD:{branch}")
        except GitopsError as error:
            raise PushError(str(error)) from None

    def fast_forward(self, branch: str, paths: list[Path]) -> list[str] | None:
        """Merge the remote branch, and return which of these files it changed; None if it has nothing new."""
        if not self.is_behind(branch):
            return None
        before = self.head
        self.git("merge", "--quiet", "--ff-only", f"{self.remote}/{branch}")
        return self.git("diff", "--name-only", before, "HEAD", "--", *self.relative(paths)).split()

    def ahead(self, branch: str) -> int:
        """Return how many commits the remote lacks, as of the last fetch."""
        found = self.git("rev-list", "--count", f"{self.remote}/{branch}..HEAD", check=False).strip()
        return int(found or 0)

    def restore(self, paths: list[Path]) -> None:
        """Undo all changes to these files, and remove those that were not committed before."""
        self.git("reset", "--quiet", "--hard", "HEAD")
        self.git("clean", "--quiet", "--force", "--", *self.relative(paths))

    def undo_commit(self) -> None:
        """Undo the last commit, which was not pushed."""
        self.git("reset", "--quiet", "--hard", "HEAD~1")

    def relative(self, paths: list[Path]) -> list[str]:
        """Return paths relative to the repository."""
        return [str(path.relative_to(self.root)) for path in paths]
