"""A way from this machine to a Service that has no address which can be reached: a port-forward in the background."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from gitops import process
from gitops.cluster.kubectl import Kubectl
from gitops.errors import CheckFailedError

SECONDS = 15


def start(root: Path, kubectl: Kubectl, namespace: str, service: str, port: int) -> str:
    """Replace the port-forward of a namespace, and return its address."""
    stop(root, namespace)
    record = _record(root, namespace)
    record.parent.mkdir(parents=True, exist_ok=True)
    log = record.with_suffix(".log")
    local = port if _is_free(port) else ""
    command = kubectl.command("-n", namespace, "port-forward", f"service/{service}", f"{local}:{port}")
    with log.open("w") as output:
        running = subprocess.Popen(  # noqa: S603
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    record.write_text(json.dumps({"pid": running.pid}))
    end = monotonic() + SECONDS
    while monotonic() < end and running.poll() is None:
        if found := re.search(r"127\.0\.0\.1:(\d+) ->", log.read_text()):
            return f"http://127.0.0.1:{found[1]}"
        sleep(0.1)
    stop(root, namespace)
    raise CheckFailedError(f"no port-forward to {service}: {' '.join(log.read_text().split())[:300]}")


def stop(root: Path, namespace: str) -> bool:
    """End the port-forward of a namespace, and return whether there was one."""
    record = _record(root, namespace)
    try:
        pid = int(json.loads(record.read_text())["pid"])
    except (OSError, ValueError, LookupError, TypeError):
        return False
    record.unlink()
    # The number may be another program's by now.
    if "port-forward" not in process.run("ps", "-p", str(pid), "-o", "args=").stdout:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _record(root: Path, namespace: str) -> Path:
    return root.resolve() / "build" / f"port-forward-{namespace}.json"


def _is_free(port: int) -> bool:
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            found.bind(("127.0.0.1", port))
            return True
    return False
