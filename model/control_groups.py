"""The memory limit of the container that a process runs in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_NO_LIMIT = 1 << 50


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return the memory limit of the process's control group in bytes, if it or a group around it has one."""
    limits = []
    for folder, name in _control_groups(root):
        with suppress(OSError, ValueError):
            limits.append(int((folder / name).read_text(encoding="ascii")))
    return min((limit for limit in limits if limit < _NO_LIMIT), default=None)


def _control_groups(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folder of the process's group and of each around it, and the name of the file with the limit.

    In a container without a view of its own, only the outermost folder exists: it is the container's group there.
    """
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            mount = "sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup"
            if controllers and "memory" not in controllers.split(","):
                continue
            group = PurePosixPath(path.lstrip("/"))
            for each in (group, *group.parents):
                yield root / mount / each, "memory.limit_in_bytes" if controllers else "memory.max"
