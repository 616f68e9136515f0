"""Find a program that builds images and really works: a client whose daemon is not running is passed over.

Run as `python -m gitops.builder` it prints the program's name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from gitops import process
from gitops.errors import GitopsError

PROBES = {
    "docker": ("docker", "info"),
    "podman": ("podman", "info"),
    "buildah": ("buildah", "version"),
}


def find() -> str:
    """Return the first of docker, podman and buildah that works."""
    problems = []
    for name, probe in PROBES.items():
        if not (problem := _problem(*probe)):
            return name
        problems.append(f"{name} {problem}")
    raise GitopsError(
        f"no builder works ({'; '.join(problems)}): install or start one, or name one with BUILDER=PROGRAM"
    )


def require(name: str) -> str:
    """Return a builder that was named, if it works."""
    if problem := _problem(*PROBES.get(name, (name, "--help"))):
        raise GitopsError(f"BUILDER={name} cannot be used: it {problem}")
    return name


def _problem(*probe: str) -> str | None:
    if not shutil.which(probe[0]):
        return "is not installed"
    try:
        done = process.run(*probe, timeout=20)
    except subprocess.TimeoutExpired:
        return "does not answer within 20 s"
    except OSError as error:
        return f"cannot be run: {error.strerror}"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return f"does not work: {lines[-1].strip()[:200] if lines else 'no output'}" if done.returncode else None


if __name__ == "__main__":
    try:
        print(find())  # noqa: T201
    except GitopsError as error:
        sys.exit(f"error: {error}")
