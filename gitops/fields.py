"""The values of environments.yaml, each checked: ValueError or TypeError with a sentence if it cannot be used."""

from __future__ import annotations

import re
import reprlib
from typing import Any

from monitoring import slo
from monitoring.slo import Slo

NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
IMAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/:-]*[A-Za-z0-9])?")
# A registry's host or a namespace of Docker Hub, then names; the standard allows no upper case.
REPOSITORY = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
# A file in the repository: git takes a leading / or a part .. for another place.
PATH = re.compile(r"(?!/|.*(^|/)\.\.?(/|$))[A-Za-z0-9._/-]+(?<!/)")
ADDRESS = re.compile(r"[!-~]+")
# What git refuses as a branch, and what would be read as an option.
BRANCH = re.compile(
    r"(?![-/.])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+(?<![/.])"
)  # fmt: skip
_PROMETHEUS_DURATION = re.compile(r"([0-9]+(ms|[smhdwy]))+")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def mapping(name: str, found: Any) -> dict[str, Any]:
    """Return a mapping whose keys are names."""
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise TypeError(f"{name} is not a mapping with names")
    return found


def sequence(name: str, found: Any) -> list[Any]:
    """Return a list."""
    if not isinstance(found, list):
        raise TypeError(f"{name} is not a list")
    return found


def flag(name: str, found: Any) -> bool:
    """Return true or false."""
    if not isinstance(found, bool):
        raise TypeError(f"{name} is {reprlib.repr(found)}: use true or false")
    return found


def text(name: str, found: Any, pattern: re.Pattern[str]) -> str:
    """Return a text that matches a pattern."""
    if not isinstance(found, str) or not pattern.fullmatch(found):
        raise ValueError(f"{reprlib.repr(found)} cannot be used as {name}")
    return found


def seconds(found: str) -> int:
    """Return a duration like 30m in seconds."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", found)
    if match is None:
        raise ValueError(f"{reprlib.repr(found)} is no duration like 30m")
    return int(match[1]) * _UNITS[match[2]]


def objectives(name: str, namespace: str, found: Any) -> Slo:
    """Return the service level objectives of an environment."""
    declared = mapping(f"{name}: slo", found)
    latency, drift = (mapping(f"{name}: slo.{key}", declared[key]) for key in ("latency", "drift"))
    for key, percent in (("availability", declared["availability"]), ("latency.percent", latency["percent"])):
        if not 0 <= _number(f"{name}: slo.{key}", percent) < 100:
            raise ValueError(f"{name}: slo.{key} is {percent!r}: use a percentage below 100")
    for key in ("warn", "alert", "min_rows"):
        _number(f"{name}: slo.drift.{key}", drift[key])
    for key in ("window", "for"):
        text(f"{name}: slo.drift.{key}", drift[key], _PROMETHEUS_DURATION)
    _number(f"{name}: slo.latency.seconds", latency["seconds"])
    return slo.parse(namespace, declared)


def _number(name: str, found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e9:
        raise ValueError(f"{name} is {reprlib.repr(found)}: use a number")
    return found
