"""Ways from this machine to what has no address that can be reached: port-forwards, for a while or until they end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from gitops import process
from gitops.cluster.kubectl import MISSING, Kubectl
from gitops.errors import CheckFailedError, GitopsError

SECONDS = 15


def start(root: Path, kubectl: Kubectl, namespace: str, service: str, port: int) -> str:
    """Replace the port-forward of a namespace, which goes on in the background, and return its address."""
    stop(root, namespace)
    record = _record(root, namespace)
    record.parent.mkdir(parents=True, exist_ok=True)
    log, local = record.with_suffix(".log"), str(port) if _is_free(port) else ""
    running = _forward(kubectl, namespace, f"service/{service}", f"{local}:{port}", log)
    record.write_text(json.dumps({"pid": running.pid}))
    try:
        return _address(running, log)
    except CheckFailedError:
        stop(root, namespace)
        raise


@contextmanager
def to_pod(kubectl: Kubectl, namespace: str, pod: str, port: int) -> Iterator[str]:
    """Give an address of one pod, as long as it is needed."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        running = _forward(kubectl, namespace, f"pod/{pod}", f":{port}", log)
        try:
            yield _address(running, log)
        finally:
            running.terminate()
            running.wait()


def _forward(kubectl: Kubectl, namespace: str, target: str, ports: str, log: Path) -> subprocess.Popen[bytes]:
    command = kubectl.command("-n", namespace, "port-forward", target, ports)
    try:
        with log.open("w") as output:
            return subprocess.Popen(  # noqa: S603
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
    except FileNotFoundError:
        raise GitopsError(MISSING) from None


def _address(running: subprocess.Popen[bytes], log: Path) -> str:
    end = monotonic() + SECONDS
    while monotonic() < end and running.poll() is None:
        if found := re.search(r"127\.0\.0\.1:(\d+) ->", log.read_text()):
            return f"http://127.0.0.1:{found[1]}"
        sleep(0.1)
    raise CheckFailedError(f"no port-forward: {' '.join(log.read_text().split())[:300]}")


def is_running(root: Path, namespace: str) -> bool:
    """Return whether a port-forward of a namespace runs."""
    return _running(_record(root, namespace)) is not None


def stop(root: Path, namespace: str) -> bool:
    """End the port-forward of a namespace, and return whether there was one."""
    record = _record(root, namespace)
    pid = _running(record)
    record.unlink(missing_ok=True)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _running(record: Path) -> int | None:
    """Return the process of a recorded port-forward; its number may be another program's by now."""
    try:
        pid = int(json.loads(record.read_text())["pid"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return pid if "port-forward" in process.run("ps", "-p", str(pid), "-o", "args=").stdout else None


def _record(root: Path, namespace: str) -> Path:
    return root.resolve() / "build" / f"port-forward-{namespace}.json"


def _is_free(port: int) -> bool:
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            found.bind(("127.0.0.1", port))
            return True
    return False
