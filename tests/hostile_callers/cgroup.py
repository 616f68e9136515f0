"""A memory cgroup with a hard limit and no swap, version 1 or 2."""

import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

# Join the group, see it where a container sees its own, and end with whoever started it.
ENTER = (
    'echo $$ > "$1/cgroup.procs" && '
    "exec unshare --mount --cgroup sh -c "
    """'mount --bind "$1" "$2" && shift 2 && exec setpriv --pdeathsig KILL "$@"' sh "$@" """
)


class NotPossibleError(Exception):
    """No memory cgroup can be made here."""


class Cgroup:
    """What both versions have in common."""

    mount: Path
    usage_file: str

    def __init__(self, folder, limit):
        self.folder, self.limit = folder, limit
        folder.mkdir()

    def within(self):
        """Return a command within which a process runs in this group, on two CPUs."""
        cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        return ("taskset", "-c", cpus, "sh", "-c", ENTER, "sh", str(self.folder), str(self.mount))

    def number(self, name):
        return int((self.folder / name).read_text())

    def table(self, name):
        lines = (line.split() for line in (self.folder / name).read_text().splitlines())
        return {key: int(value) for key, value in lines}

    def usage(self):
        return self.number(self.usage_file)

    def held(self):
        """Return what cannot be reclaimed, and what can: the OOM killer comes when only the first is left."""
        usage, cache = self.usage(), self.cache()
        return max(usage - cache, 0), cache

    def remove(self):
        """Remove the group; what ran in it has ended, which the kernel may learn a little later."""
        for _ in range(100):
            with suppress(OSError):
                return self.folder.rmdir()
            sleep(0.05)
        return self.folder.rmdir()


class Version1(Cgroup):
    """A group in a hierarchy of its own for memory."""

    usage_file = "memory.usage_in_bytes"

    def __init__(self, mount, folder, limit):
        self.mount = mount
        super().__init__(folder, limit)
        for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
            if name.startswith("memory.limit") or (folder / name).exists():
                (folder / name).write_text(str(limit))
        (folder / "memory.swappiness").write_text("0")
        # Buffers of sockets are counted apart, and only where they have a limit; version 2, which pods have, adds them.
        self._sockets = (folder / "memory.kmem.tcp.limit_in_bytes").exists()
        if self._sockets:
            (folder / "memory.kmem.tcp.limit_in_bytes").write_text(str(limit * 16))

    def usage(self):
        return super().usage() + (self.number("memory.kmem.tcp.usage_in_bytes") if self._sockets else 0)

    def cache(self):
        found = self.table("memory.stat")
        return found["total_cache"] - found["total_shmem"]

    def reset_peak(self):
        (self.folder / "memory.max_usage_in_bytes").write_text("0")

    def peak(self):
        return self.number("memory.max_usage_in_bytes")

    def oom_kills(self):
        return self.table("memory.oom_control")["oom_kill"]


class Version2(Cgroup):
    """A group in the unified hierarchy."""

    usage_file = "memory.current"

    def __init__(self, mount, folder, limit):
        self.mount, self._peak = mount, None
        super().__init__(folder, limit)
        (folder / "memory.max").write_text(str(limit))
        if (folder / "memory.swap.max").exists():
            (folder / "memory.swap.max").write_text("0")

    def cache(self):
        found = self.table("memory.stat")
        return found["file"] - found["shmem"] + found.get("slab_reclaimable", 0)

    def reset_peak(self):
        """Reset the peak, which holds for the file handle alone; an old kernel refuses, and samples must do."""
        if self._peak:
            self._peak.close()
        self._peak = None
        with suppress(OSError):
            self._peak = (self.folder / "memory.peak").open("r+")
            self._peak.write("reset")
            self._peak.flush()

    def peak(self):
        if self._peak:
            with suppress(OSError, ValueError):
                self._peak.seek(0)
                return int(self._peak.read())
        return self.usage()

    def oom_kills(self):
        return self.table("memory.events")["oom_kill"]

    def remove(self):
        if self._peak:
            self._peak.close()
        super().remove()


def place():
    """Return the class for this machine, the mount, and the folder below which a group can be made."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    for fields in mounts:
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        if kind == "cgroup" and "memory" in options:
            path = next(path for _, names, path in own if "memory" in names.split(","))
            folder = Path(fields[4] + path)
            return Version1, Path(fields[4]), folder if folder.is_dir() else Path(fields[4])
    for fields in mounts:
        if fields[fields.index("-") + 1] == "cgroup2":
            mount = Path(fields[4])
            path = mount / next(path for number, _, path in own if number == "0").lstrip("/")
            # A group that holds processes cannot hand memory on to groups within it; one above it does.
            for folder in (path, *path.parents):
                control = folder / "cgroup.subtree_control"
                if control.exists() and "memory" in control.read_text().split():
                    return Version2, mount, folder
    raise NotPossibleError("no memory cgroup is mounted")


@contextmanager
def limited(limit):
    """Give a cgroup with this limit in bytes, or raise NotPossibleError."""
    if os.geteuid():
        raise NotPossibleError("a memory cgroup can only be made by root")
    kind, mount, parent = place()
    folder = parent / f"score-app-budget-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        made = kind(mount, folder, limit)
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        raise NotPossibleError(f"no memory cgroup can be made in {parent}: {error.strerror}") from None
    try:
        yield made
    finally:
        made.remove()
