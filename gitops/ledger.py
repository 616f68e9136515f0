"""The ledger of each environment: one line of JSON for each event, appended in the commit that caused it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitops import text_files
from gitops.errors import GitopsError

Entry = dict[str, Any]
Id = frozenset[str]
"""Which release: the digests of its images, and the commit of base and components."""
SUFFIX = ".jsonl"
_MOUNTED = re.compile(r"[0-9a-f]{12}@sha256:[0-9a-f]{64}")
_RELEASE = ("tag", "digest", "commit")
_REQUIRED = {
    "release": _RELEASE, "promote": _RELEASE, "rollback": _RELEASE, "verify": _RELEASE, "hold": ("reason",),
    "freeze": ("reason",), "unfreeze": (),
}  # fmt: skip
"""The actions, and the fields that an entry must have besides its time."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def _is_versions(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_mounted(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(e, str) and _MOUNTED.fullmatch(e) for e in value.values())


_TYPES: dict[str, Callable[[Any], bool]] = {
    "time": _is_time, "action": _is_text, "actor": _is_text, "tag": _is_text, "digest": _is_text, "was": _is_text,
    "commit": _is_text, "from": _is_text, "reason": _is_text, "forced": _is_text, "unverified": _is_text,
    "models": _is_versions, "mounted": _is_mounted,
}  # fmt: skip
"""What each field must be where it is present; there are no others."""


@dataclass(frozen=True)
class Hold:
    """What was rolled back is held."""

    reason: str
    time: str


@dataclass
class State:
    """What the entries of one environment add up to."""

    current: Entry | None = None
    """The entry that set the current release."""
    verified: dict[Id, str] = field(default_factory=dict)
    """When each release was verified, since it was set last."""
    verifications: list[Entry] = field(default_factory=list)
    """The entries of successful verifications, oldest first."""
    held: dict[str, Hold] = field(default_factory=dict)
    """What was rolled back, by what identifies it: digests of images, commits of base and components."""
    commits: list[str] = field(default_factory=list)
    """Every commit of base and components that was released, oldest first."""
    models: dict[str, dict[str, str]] = field(default_factory=dict)
    """The models in each image, with their versions."""
    frozen: str = ""
    """Why no release may be set now; empty if one may."""
    ignored_freeze: str = ""
    """The reason of the freeze during which the current release was set; empty without one, or after an unfreeze."""

    @property
    def unverified(self) -> str:
        """Return why the current release was let in without a verification; empty if it was not, or has one now."""
        if self.current is None or id_of(self.current) in self.verified:
            return ""
        return str(self.current.get("unverified", ""))

    def has_verified(self, release: Id) -> bool:
        """Return whether this release was ever verified, also if it was set again since."""
        return any(id_of(each) == release for each in self.verifications)

    def verified_for(self, release: Id, now: datetime) -> float | None:
        """Return for how many seconds this release has been verified; None if it has not."""
        since = self.verified.get(release)
        return None if since is None else (now - datetime.fromisoformat(since)).total_seconds()


def id_of(entry: Entry) -> Id:
    """Return which release an entry is about, or which parts of one are on hold."""
    found = {entry[part] for part in ("digest", "commit") if part in entry}
    return frozenset(found | {text.partition("@")[2] for text in entry.get("mounted", {}).values()})


def beginning(entry: Entry) -> str:
    """Return how the line of an entry begins."""
    return f'"time": "{entry["time"]}", "action": "{entry["action"]}"'


def path(root: Path, environment: str) -> Path:
    """Return the file of an environment's ledger."""
    return root / "promotions" / f"{environment}{SUFFIX}"


def files(root: Path) -> dict[str, Path]:
    """Return every ledger by the name of its environment, as a path in the repository."""
    return {each.stem: each.relative_to(root) for each in sorted(path(root, "").parent.glob(f"*{SUFFIX}"))}


def states(root: Path, environments: list[str]) -> dict[str, State]:
    """Return the state of each environment."""
    return {name: state(read(root, name)) for name in environments}


def read(root: Path, environment: str) -> list[Entry]:
    """Return the entries of an environment."""
    try:
        return entries(environment, text_files.content(path(root, environment)))
    except FileNotFoundError:
        return []


def entries(environment: str, content: bytes) -> list[Entry]:
    """Return the entries that the content of a ledger has."""
    lines = enumerate(content.split(b"\n"), 1)
    return [_entry(environment, number, line) for number, line in lines if line.strip()]


def _entry(environment: str, number: int, line: bytes) -> Entry:
    file = f"promotions/{environment}.jsonl"
    history = f"git log -p {file} shows its history"
    try:
        found: Entry = json.loads(line.decode())
        action = found["action"]
        unknown = [repr(action)] if action not in _REQUIRED and _is_text(action) else []
        unknown += [each for each in found if each not in _TYPES]
        missing = [each for each in ("time", *(() if unknown else _REQUIRED[action])) if each not in found]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise GitopsError(f"{file}: line {number} is not a complete entry: {history}") from None
    if unknown:
        raise GitopsError(f"{file}: line {number} has {unknown[0]}, which only a newer version of this program knows")
    if missing:
        raise GitopsError(f"{file}: line {number} is not a complete entry, {missing[0]} is missing: {history}")
    if wrong := [each for each in _TYPES if each in found and not _is_valid(each, found[each])]:
        raise GitopsError(f"{file}: line {number} has a wrong value of {wrong[0]}: {history}")
    return found


def _is_valid(name: str, value: Any) -> bool:
    try:
        return _TYPES[name](value)
    except ValueError:
        return False


def state(events: Iterable[Entry]) -> State:
    """Return what the entries add up to."""
    found = State()
    for entry in events:
        if "models" in entry:
            found.models[entry.get("digest", "")] = entry["models"]
        match entry["action"]:
            case "release" | "promote" | "rollback":
                _set(found, entry)
            case "verify":
                if found.current is None or id_of(found.current) == id_of(entry):
                    found.verified.setdefault(id_of(entry), entry["time"])
                    found.verifications.append(entry)
            case "hold":
                found.held |= dict.fromkeys(id_of(entry), Hold(entry["reason"], entry["time"]))
            case "freeze":
                found.frozen = entry["reason"]
            case "unfreeze":
                found.frozen = found.ignored_freeze = ""
    return found


def _set(found: State, entry: Entry) -> None:
    """Take over a new current release: it is to be verified again, and stays on hold unless that was overridden.

    One that begins with the release of another environment may be frozen already.
    """
    is_rollback, is_copy = entry["action"] == "rollback", entry["action"] == "release" and "from" in entry
    found.current = entry
    found.commits.append(entry["commit"])
    found.verified.pop(id_of(entry), None)
    found.ignored_freeze = "" if is_rollback or is_copy else found.frozen
    for part in id_of(entry) if is_rollback or "forced" in entry else ():
        found.held.pop(part, None)


def append(root: Path, environment: str, action: str, actor: str, **facts: Any) -> str:
    """Return the text of an environment's ledger with one more entry."""
    file = path(root, environment)
    return extended(text_files.read(file) if file.exists() else "", action, actor, **facts)


def extended(text: str, action: str, actor: str, **facts: Any) -> str:
    """Return the text of a ledger with one more entry, which is one line that ends as the others do."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry, end = json.dumps({"time": now, "action": action, "actor": actor, **facts}), text_files.line_end(text)
    if text and not text.endswith("\n"):
        text += end
    return text + entry + end
