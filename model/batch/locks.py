"""One writer for one output: a lock of the kernel on a local disk, and a lock object with a pulse elsewhere."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from model.batch.places import Place, explained
from model.user_error import UserError

PULSE_SECONDS, STALE_SECONDS = 2.0, 10.0
_RACE_SECONDS = 0.5


@contextmanager
def only_writer(output: Place) -> Iterator[None]:
    """Hold the right to write an output, or raise a UserError if somebody else has it."""
    with _local(output) if output.local else _remote(output):
        yield


@contextmanager
def _local(output: Place) -> Iterator[None]:
    """Lock a hidden file beside the output; the kernel unlocks it however this process ends."""
    path = Path(output.path)
    lock = path.parent / f".{path.name}.lock"
    with explained(str(output)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(output) from None
        if not _same(handle, lock):
            # Its last owner has removed it between our two calls, and somebody may hold the next one.
            raise _busy(output)
        try:
            output.sweep()
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _remote(output: Place) -> Iterator[None]:
    """Write a lock object again and again; one whose content does not change belongs to a process that was killed."""
    lock, name, stop = output.beside(".lock"), secrets.token_hex(8), Event()
    with explained(str(output)):
        _wait_for_stale(output, lock)
        lock.write(f"{name} 0".encode())
        stop.wait(_RACE_SECONDS)
        if (lock.read() or b"").split()[:1] != [name.encode()]:
            raise _busy(output)
    pulse = Thread(target=_beat, args=(lock, name, stop), daemon=True)
    pulse.start()
    try:
        yield
    finally:
        stop.set()
        pulse.join()
        lock.delete()


def _wait_for_stale(output: Place, lock: Place) -> None:
    """Return once it is known that nobody holds a lock object."""
    first, end = lock.read(), monotonic() + STALE_SECONDS
    while first is not None and monotonic() < end:
        Event().wait(PULSE_SECONDS / 2)
        now = lock.read()
        if now is None:
            return
        if now != first:
            raise _busy(output)


def _beat(lock: Place, name: str, stop: Event) -> None:
    count = 0
    while not stop.wait(PULSE_SECONDS):
        count += 1
        try:
            lock.write(f"{name} {count}".encode())
        except UserError:
            # The next beat may arrive; if none does, writing the output fails too.
            continue


def _busy(output: Place) -> UserError:
    return UserError(f"another process is writing {output}: wait for its end, or name another output")
