"""Who may sign records: a file that environments.yaml names, judged by git itself, commit by commit.

The newest commit that changed a ledger must be signed by a key that was in the file before that commit, and that is
in it now. The file itself, and the line that names it, may change only in a commit that is signed in the same way. The
commit that names it first is trusted, with all that came before. A merge counts as its branches if it took each
changed file as one of them has it, and the others had left it alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

from gitops.environments import FILE
from gitops.errors import GitopsError
from gitops.history import History

Trust = tuple[str, str]
"""The path of the file of signers, and what identifies its content; both are empty where none is named."""
NOBODY: Trust = ("", "")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git knows it in every repository."""
_FIELD = "signers"


@dataclass(frozen=True)
class Signers:
    """The signatures of one repository."""

    history: History
    _introductions: list[str] = field(default_factory=list)
    """The commits that named signers where nobody was trusted."""

    @cached_property
    def now(self) -> Trust:
        """Return what HEAD trusts."""
        return self._trust("HEAD") if self.history.repository.has_commits else NOBODY

    @property
    def file(self) -> str:
        """Return the file of signers of HEAD; empty if it names none."""
        return self.now[0]

    def require_key(self) -> None:
        """Refuse to begin without a key to sign with."""
        git = self.history.repository.git
        has_key = any(git("config", "--get", each, check=False).strip() for each in _KEYS)
        if self.file and not (has_key and git("config", "--get", "gpg.format", check=False).strip() == "ssh"):
            raise GitopsError(
                f"environments.yaml names signers ({self.file}), so this commit must be signed with an SSH key: "
                "git config gpg.format ssh, and git config user.signingkey ~/.ssh/id_ed25519.pub"
            )

    def require(self, *environments: str) -> None:
        """Refuse environments whose records cannot be trusted."""
        for problem in self.problems(environments):
            raise GitopsError(problem)

    def require_own(self, commit: str) -> None:
        """Refuse a commit of our own that the others would not accept."""
        if self.file and (fault := self._fault(commit, [self.now])):
            raise GitopsError(
                f"this commit {fault}: somebody who is in {self.file} must add your line to it, in a signed commit"
            )

    def problems(self, environments: tuple[str, ...] | list[str]) -> Iterator[str]:
        """Yield why the records of these environments cannot be trusted: one sentence for each."""
        if not self._was_ever_named():
            return
        if self.history.repository.is_shallow:
            yield "signatures cannot be checked in a shallow clone: git fetch --unshallow"
            return
        if problem := self._chain_problem():
            yield problem
            return
        if not self.file:
            return
        if not self.now[1]:
            yield f"environments.yaml names signers: {self.file}, which is not committed: commit it, signed"
            return
        for name in environments:
            path = f"promotions/{name}.jsonl"
            if found := self._newest_fault(path):
                commit, fault = found
                yield (
                    f"{name}: its newest record, in the commit {commit[:12]} ({self._subject(commit)}), {fault}: "
                    f"git revert -S {commit[:12]}, then run the command again, signed"
                )

    def _was_ever_named(self) -> bool:
        """Return whether any commit has named signers; a clone without one has nothing to judge."""
        repository = self.history.repository
        return repository.has_commits and bool(
            repository.git(
                "log", "-1", "-m", "--full-history", "--format=%H", f"-G{_FIELD}", "HEAD", "--", str(FILE)
            ).strip()
        )

    def _trust(self, commit: str) -> Trust:
        """Return whom a commit trusts."""
        path = self._named(self.history.blob(commit, str(FILE)))
        return (path, self.history.blob(commit, path)) if path else NOBODY

    def _named(self, blob: str) -> str:
        try:
            found = yaml.safe_load(self.history.content(blob)) if blob else None
        except (yaml.YAMLError, RecursionError):
            found = None
        value = found.get(_FIELD) if isinstance(found, dict) else None
        return value if isinstance(value, str) and "\n" not in value else ""

    @cached_property
    def _trust_changes(self) -> list[str]:
        """Return every commit, but merges, that changed a file of signers or the line that names it."""
        commits = self.history.changes([str(FILE)])
        blobs = {*self.history.blobs(f"{each}:{FILE}" for each in commits), self.history.blob("HEAD", str(FILE))}
        files = {path for each in blobs if (path := self._named(each))}
        found = self.history.changes([str(FILE), *sorted(files)])
        return [
            each for each in found
            if (parents := self.history.parents(each)) == [] or self._trust(parents[0]) != self._trust(each)
        ]  # fmt: skip

    def _chain_problem(self) -> str | None:
        """Return which commit changed the signers without the right to, if what HEAD trusts follows from that."""
        merges = [each for each, up in self.history.merges() if not self._took_one_side(up, each, self._trust)]
        trusted, wrong, known = NOBODY, "", ""
        for commit in self.history.oldest_first({*self._trust_changes, *merges}):
            after = self._trust(commit)
            if trusted == NOBODY and after != NOBODY:
                self._introductions.append(commit)
            if trusted == NOBODY or (known := self._fault(commit, [trusted]) or "") == "":
                trusted = after
            else:
                wrong = f"{commit[:12]} ({self._subject(commit)}) changes who may sign, and {known}"
        if trusted != self.now:
            place = trusted[0] or str(FILE)
            return f"the commit {wrong}: restore {place}, in a commit signed by one who was in it"
        return self._two_beginnings()

    def _two_beginnings(self) -> str | None:
        """Return which branch has named signers beside those of another."""
        first = self._introductions[:1]
        for each in self._trust_changes if first else ():
            begins = all(self._trust(up) == NOBODY for up in self.history.parents(each))
            if self._trust(each) != NOBODY and begins and not self.history.is_ancestor(first[0], each):
                return (
                    f"the commits {first[0][:12]} and {each[:12]} both name signers where there were none: "
                    "a branch without one of them is needed"
                )
        return None

    def _newest_fault(self, path: str) -> tuple[str, str] | None:
        """Return the newest commit that changed a file, with what is wrong with its signature."""

        def blob(commit: str) -> str:
            return self.history.blob(commit, path)

        newest = self.history.last_change(path)
        merges = list(self.history.merges(newest))
        self.history.blobs(f"{each}:{path}" for commit, parents in merges for each in (commit, *parents))
        suspects = [each for each, parents in merges if not self._took_one_side(parents, each, blob)]
        for commit in suspects[:1] or ([newest] if newest else []):
            befores = [self._trust(each) for each in self.history.parents(commit)]
            if NOBODY in (befores or [NOBODY]) and any(
                self.history.is_ancestor(commit, each) for each in self._introductions
            ):
                return None
            trusted = {before for before in befores if before != NOBODY} | {self.now}
            if fault := self._fault(commit, sorted(trusted, key=lambda each: each == self.now)):
                return commit, fault
        return None

    def _took_one_side(self, parents: list[str], merge: str, of: Callable[[str], object]) -> bool:
        """Return whether a merge has what one branch has, and every other branch has what all began with."""
        wanted = of(merge)
        others = [each for each in parents if of(each) != wanted]
        if len(others) == len(parents):
            return False
        # Branches without a common commit began with nothing.
        began = [of(each) for each in self.history.bases(parents) or [EMPTY_TREE]]
        return all(of(each) == base for each in others or parents for base in began)

    def _fault(self, commit: str, trusted: list[Trust]) -> str | None:
        """Return what is wrong with the signature of a commit, for the first of these files that lacks its key."""
        for path, blob in trusted:
            with tempfile.TemporaryDirectory() as place:
                file = Path(place) / "signers"
                file.write_bytes(self.history.content(blob).encode(errors="surrogateescape") if blob else b"")
                settings = ("-c", f"gpg.ssh.allowedSignersFile={file}")
                shown = self.history.repository.git(
                    "log", "-1", "--format=%G?%x00%GF%x00%GS%x00%an <%ae>", commit, "--", settings=settings
                )
            verdict, key, signer, author = shown.rstrip("\n").split("\0")
            if verdict == "G" and key.startswith("SHA256:") and signer:
                continue
            when = "" if (path, blob) == self.now else " as it was before that commit"
            return _fault(verdict, key, author, f"{path}{when}")
        return None

    def _subject(self, commit: str) -> str:
        return self.history.repository.git("log", "-1", "--format=%s", commit, "--").strip()


_KEYS = ("user.signingkey", "gpg.ssh.defaultKeyCommand")


def _fault(verdict: str, key: str, author: str, file: str) -> str:
    if verdict == "N":
        return f"is not signed (its author is {author})"
    if key.startswith("SHA256:"):
        return f"is signed by {author} with the key {key}, which is not in {file}, or has expired there"
    if verdict == "B":
        return f"is signed by {author}, but its signature is wrong, or ssh-keygen is not installed"
    return f"is signed by {author}, but not with an SSH key, and no other is supported"
