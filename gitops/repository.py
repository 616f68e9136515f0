"""The git repository: its state, commits and pushes, through git itself."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitops import process
from gitops.errors import GitopsError

# What a hook inherits from the git that runs it, and what would change the meaning of a path.
FOREIGN = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIR", "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
}  # fmt: skip
# Settings of a user that would change what git prints or stores.
SETTINGS = (
    "-c", "core.safecrlf=false", "-c", "i18n.commitEncoding=UTF-8", "-c", "i18n.logOutputEncoding=UTF-8",
    "-c", "log.showSignature=false",
)  # fmt: skip


class PushError(GitopsError):
    """A push that the remote did not accept."""


@dataclass(frozen=True)
class Repository:
    """A working tree."""

    root: Path

    def git(self, *args: str, check: bool = True, settings: tuple[str, ...] = (), text: str | None = None) -> str:
        """Run git, which may read a text, and return its output; with check=False, an empty text if it fails."""
        environment = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        command = ("git", "-C", str(self.root), *SETTINGS, *settings, *args)
        try:
            done = process.run(*command, environment=environment | {"GIT_LITERAL_PATHSPECS": "1"}, text=text)
        except FileNotFoundError:
            raise GitopsError("git is not installed: install it") from None
        if check and done.returncode:
            raise GitopsError(f"git {args[0]}: {' '.join((done.stderr or done.stdout).split())[:400]}")
        return done.stdout if done.returncode == 0 else ""

    @property
    def head(self) -> str:
        """Return the commit that is checked out."""
        return self.git("rev-parse", "--verify", "HEAD").strip()

    @property
    def has_commits(self) -> bool:
        """Return whether this is a repository with a commit."""
        return bool(self.git("rev-parse", "-q", "--verify", "HEAD", check=False))

    @property
    def actor(self) -> str:
        """Return the email address that commits carry."""
        found = re.search(r"<([^<>]+)> \d+ [+-]\d+$", self.git("var", "GIT_AUTHOR_IDENT", check=False).strip())
        return found[1] if found else "unknown"

    @property
    def is_shallow(self) -> bool:
        """Return whether older commits are missing."""
        return self.git("rev-parse", "--is-shallow-repository", check=False).strip() == "true"

    def remote(self, branch: str) -> str:
        """Return the remote of a branch: its upstream's, else origin, else the only one; empty if there is none."""
        names = self.git("remote").split()
        setting = f"branch.{branch}.remote"
        if (upstream := self.git("config", "--get", setting, check=False).strip()) and upstream != ".":
            if upstream not in names:
                raise GitopsError(f"{setting} is {upstream}, which is not a remote: git config {setting} NAME")
            return upstream
        if "origin" in names or len(names) < 2:
            return "origin" if "origin" in names else "".join(names)
        listed = ", ".join(names)
        raise GitopsError(
            f"there are several remotes ({listed}) and none is origin: git config {setting} NAME chooses one"
        )

    def require_whole(self) -> None:
        """Refuse a folder that is not the top level of a repository."""
        try:
            prefix = self.git("rev-parse", "--show-prefix").strip()
        except GitopsError as error:
            raise GitopsError(f"{self.root} cannot be used as a git repository: {error}") from None
        if prefix:
            raise GitopsError(
                f"{self.root} is the folder {prefix} of a larger repository, but Argo CD and Flux sync rendered/ from "
                "the top level: give it a repository of its own"
            )

    def require_ready(self, branch: str, *, push: bool) -> None:
        """Refuse a working tree with changes, another branch, and, before a push, a branch behind its remote."""
        if self.git("status", "--porcelain", "--untracked-files=normal").strip():
            raise GitopsError("the working tree has changes: commit or stash them first")
        found = self.git("symbolic-ref", "-q", "HEAD", check=False).strip()
        if not found:
            raise GitopsError(f"no branch is checked out: git switch {branch}")
        if found != f"refs/heads/{branch}":
            name = found.removeprefix("refs/heads/")
            raise GitopsError(f"this is the branch {name}; releases are committed to {branch}: git switch {branch}")
        if self.git("rev-parse", "-q", "--verify", "MERGE_HEAD", check=False):
            raise GitopsError("a merge is not finished: git commit, or git merge --abort")
        self._require_identity()
        if push and (remote := self.remote(branch)) and self.is_behind(remote, branch):
            raise GitopsError(f"{branch} is behind {remote}/{branch}: git pull --rebase {remote} {branch}")

    def _require_identity(self) -> None:
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            if not self.git("var", who, check=False):
                raise GitopsError(
                    "git does not know who commits: git config user.name NAME, and git config user.email ADDRESS"
                )

    def is_behind(self, remote: str, branch: str) -> bool:
        """Fetch, and return whether the remote has commits that the working tree lacks."""
        source, target = f"refs/heads/{branch}", _tracking(remote, branch)
        try:
            self.git("fetch", "--quiet", "--no-tags", remote, f"+{source}:{target}")
        except GitopsError as error:
            if self._is_absent(remote, source):
                return False
            raise GitopsError(f"{remote} cannot be reached; --no-push only commits ({error})") from None
        return bool(self.git("rev-list", f"HEAD..{target}", "--").strip())

    def _is_absent(self, remote: str, ref: str) -> bool:
        """Return whether the remote answers, and has no such branch."""
        try:
            return not self.git("ls-remote", "--heads", remote, ref).strip()
        except GitopsError:
            return False

    def has_branch(self, remote: str, branch: str) -> bool:
        """Return whether the remote answers, and has a branch."""
        return bool(self.git("ls-remote", "--heads", remote, f"refs/heads/{branch}", check=False))

    def commit(self, paths: list[Path], subject: str, trailers: dict[str, str], *, sign: bool) -> str:
        """Commit these files and nothing else, and return the commit; git may sign it even if that is not asked for."""
        self.git("add", "--", *self.relative(paths))
        message = subject + "\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
        self.git("commit", "--quiet", "--cleanup=whitespace", *(("-S",) if sign else ()), "-m", message)
        return self.head

    def push(self, remote: str, branch: str) -> None:
        """Push a branch, named in full, without force."""
        try:
            self.git("push", "--quiet", remote, f"refs/heads/{branch}:refs/heads/{branch}")
        except GitopsError as error:
            raise PushError(str(error)) from None

    def fast_forward(self, remote: str, branch: str, paths: list[Path]) -> list[str] | None:
        """Merge the remote branch, and return which of these files it changed; None if it has nothing new."""
        if not self.is_behind(remote, branch):
            return None
        before = self.head
        self.git("merge", "--quiet", "--ff-only", _tracking(remote, branch))
        changed = self.git("diff", "--name-only", "-z", before, "HEAD", "--", *self.relative(paths))
        return changed.split("\0")[:-1]

    def ahead(self, remote: str, branch: str) -> int:
        """Return how many commits the remote lacks, as of the last fetch."""
        found = self.git("rev-list", "--count", f"{_tracking(remote, branch)}..HEAD", "--", check=False).strip()
        return int(found or 0)

    def has_all(self, remote: str, branch: str) -> bool:
        """Return whether the remote has the branch with every commit, as of the last fetch."""
        return bool(self.git("rev-parse", "-q", "--verify", _tracking(remote, branch), check=False)) and not self.ahead(
            remote, branch
        )

    def discard_changes(self) -> None:
        """Undo what is not committed, in files that git knows."""
        self.git("reset", "--quiet", "--hard", "HEAD")

    def undo_commit(self, commit: str) -> None:
        """Undo a commit that was not pushed."""
        self.git("reset", "--quiet", "--hard", f"{commit}~1")

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Refuse to start while another command changes this working tree."""
        self.require_whole()
        folder = self.git("rev-parse", "--absolute-git-dir").removesuffix("\n")
        with (Path(folder) / "gitops.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise GitopsError("another gitops command changes this repository: wait until it has ended") from None
            yield

    def relative(self, paths: list[Path]) -> list[str]:
        """Return paths relative to the repository."""
        return [str(path.relative_to(self.root)) for path in paths]


def _tracking(remote: str, branch: str) -> str:
    """Return where a remote's branch is kept, in full: a tag may have the same short name."""
    return f"refs/remotes/{remote}/{branch}"
