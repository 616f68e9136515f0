"""The git repository that everything is written to, through git itself."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from gitops.errors import GitopsError


class PushError(GitopsError):
    """A push that was not taken."""


@dataclass(frozen=True)
class Repo:
    """A working tree."""

    root: Path

    def git(self, *args: str, check: bool = True) -> str:
        """Ask git, and return what it printed."""
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
        """Return who commits."""
        return self.git("config", "user.email", check=False).strip() or "unknown"

    @property
    def remote(self) -> str:
        """Return the remote that is pushed to, if there is one."""
        return self.git("remote", check=False).split("\n")[0]

    def require_ready(self, branch: str, *, push: bool) -> None:
        """Refuse to write onto anything but a clean branch, a current one if it will be pushed."""
        if self.git("status", "--porcelain").strip():
            raise GitopsError("the working tree has changes: commit or stash them first")
        found = self.git("symbolic-ref", "--short", "-q", "HEAD", check=False).strip()
        if not found:
            raise GitopsError(f"no branch is checked out: git switch {branch}")
        if found != branch:
            raise GitopsError(f"this is the branch {found}; versions move on {branch}: git switch {branch}")
        if push and self.remote and self.behind(branch):
            raise GitopsError(f"{branch} is behind {self.remote}/{branch}: git pull --rebase")

    def behind(self, branch: str) -> bool:
        """Fetch, and tell whether the remote has commits that are not here."""
        try:
            self.git("fetch", "--quiet", self.remote)
        except GitopsError as error:
            raise GitopsError(f"{self.remote} cannot be reached; --no-push commits here only ({error})") from None
        there = self.git("rev-parse", "-q", "--verify", f"{self.remote}/{branch}", check=False).strip()
        return bool(there) and bool(self.git("rev-list", f"HEAD..{there}").strip())

    def commit(self, paths: list[Path], subject: str, trailers: dict[str, str]) -> str:
        """Commit these files and nothing else."""
        self.git("add", "--", *(str(path.relative_to(self.root)) for path in paths))
        said = subject + "\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
        self.git("commit", "--quiet", "-m", said)
        return self.head

    def push(self, branch: str) -> None:
        """Push without force."""
        try:
            self.git("push", "--quiet", self.remote, f"HEAD:{branch}")
        except GitopsError as error:
            raise PushError(str(error)) from None

    def follow(self, branch: str, paths: list[str]) -> list[str] | None:
        """Go to where the remote is, and tell which of these paths that changed; None if the remote has nothing new."""
        if not self.behind(branch):
            return None
        before = self.head
        self.git("merge", "--quiet", "--ff-only", f"{self.remote}/{branch}")
        return self.git("diff", "--name-only", before, "HEAD", "--", *paths).split()

    def ahead(self, branch: str) -> int:
        """Count the commits that the remote lacks, as far as is known here."""
        there = f"{self.remote}/{branch}"
        found = self.git("rev-list", "--count", f"{there}..HEAD", check=False).strip()
        return int(found or 0)

    def restore(self, paths: list[Path]) -> None:
        """Put these files back to what was committed, or away where nothing was."""
        self.git("reset", "--quiet", "--hard", "HEAD")
        self.git("clean", "--quiet", "--force", "--", *(str(path.relative_to(self.root)) for path in paths))

    def undo_commit(self) -> None:
        """Take back the commit that was just made here and not pushed."""
        self.git("reset", "--quiet", "--hard", "HEAD~1")
