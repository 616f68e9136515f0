"""A service in this process, or a real server in another, and how to call it."""

import io
import json
import os
import random
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle

from api.errors import ApiError
from api.transport.addresses import wait_until_listening
from model.bundle.files import DEFAULT_ROOT, read
from model.runtime.load import load

KUBELET = {"User-Agent": "kube-lifecycle/1.32"}
"""What the kubelet's hook says of itself."""


@cache
def model(name):
    return load(read(DEFAULT_ROOT, name))


def ask(operation, models, name, request):
    """Pass a request through the three functions of an operation, as the service does."""
    served = models.get(name)
    question = operation.decode(served, request)
    try:
        answers = operation.predict(models, served, question)
    except ApiError as error:
        raise operation.adapt_error(error, served, question) from None
    return operation.encode(served, question, answers)


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Call a WSGI application as granian does."""

    def __init__(self, application, service=None):
        self.application, self.service = application, service

    def ask(self, method, path, body=b"", headers=None, **environ):
        path, _, query = path.partition("?")
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True, "SERVER_NAME": "test", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "",
        }  # fmt: skip
        if body:
            given["CONTENT_LENGTH"] = str(len(body))
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            given[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        got = []
        parts = self.application(given | environ, lambda status, head, *_: got.append((status, head)))
        content = b"".join(parts)
        return Answer(int(got[0][0].split()[0]), got[0][1], content)

    def post(self, path, body, headers=None):
        return self.ask("POST", path, body, headers)

    def get(self, path, headers=None):
        return self.ask("GET", path, headers=headers)


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 16
_FIRST_PORT = 16_000 + 1_000 * _WORKER
# Neither the kernel nor another worker of pytest uses these ports, and each is returned once in a thousand calls.
_PORTS = cycle(random.SystemRandom().sample(range(_FIRST_PORT, _FIRST_PORT + 1_000), 1_000))


def free_port():
    """Return a port where nobody listens."""
    while True:
        port = next(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def has_ipv6():
    """Return whether this machine has the loopback address of IPv6."""
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def fetch(url, body=None, headers=None):
    """Ask a real server."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as found:
            return Answer(found.status, found.getheaders(), found.read())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers.items(), refused.read())


def connect(url):
    """Open a connection to a real server."""
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def heard(connection):
    """Return all that comes on it until the other side hangs up."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


@contextmanager
def running(*within, log=subprocess.PIPE, **settings):
    """Start `python -m api` with these settings, and give its process once the first line is on its stderr.

    A command to start it within may stand before; with a log of its own, its port is awaited.
    """
    ports = {"PORT": str(free_port()), "ADMIN_PORT": str(free_port()), "HOST": "127.0.0.1"}
    environment = os.environ | ports | {name.upper(): str(value) for name, value in settings.items()}
    process = subprocess.Popen([*within, sys.executable, "-m", "api"], env=environment, stderr=log, text=True)
    try:
        process.url, process.admin = (f"http://127.0.0.1:{environment[name]}" for name in ("PORT", "ADMIN_PORT"))
        if log is subprocess.PIPE:
            process.first_line = process.stderr.readline()
        else:
            wait_until_listening("127.0.0.1", int(environment["PORT"]), 30)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def stderr_until_exit(process, seconds=20):
    """Return all that a server writes to stderr until it exits, and end it if it does not."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    return process.first_line + process.stderr.read()
