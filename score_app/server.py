"""A service in the background: another process, which ends with this one."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from html import escape
from tempfile import TemporaryFile
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Self

from api.settings import NAMES, SettingsError, from_environment
from api.transport.addresses import free_ports, loopback_address, own_address, url_of
from model.bundle.files import read
from model.user_error import UserError
from score_app.folder import Folder, folder_of

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 10
_RUNNING: set[Server] = set()


class Server:
    """A running service: its address, its log, and its end."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
        self._process, self._log, self._last_log = process, log, ""
        self.url = url
        """The address, such as http://127.0.0.1:34567."""
        # A notebook need not keep what serve returns.
        _RUNNING.add(self)

    @property
    def is_running(self) -> bool:
        """Return whether the service still runs."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """Return what the service has written to its log."""
        return self._last_log if self._log.closed else self._read_log()

    def _read_log(self) -> str:
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode(errors="replace")

    def stop(self) -> None:
        """End the service; it may have ended already."""
        if self not in _RUNNING:
            return
        _RUNNING.discard(self)
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._last_log = self._read_log()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def __str__(self) -> str:
        return self.url

    def __repr__(self) -> str:
        return f"<{self.url}, {'running' if self.is_running else 'stopped'}>"

    def _repr_html_(self) -> str:
        """Return a link to the form for a notebook."""
        return f'<a href="{escape(self.url)}" target="_blank">{escape(self.url)}</a>' if self.is_running else "stopped"


def serve(*names: str, port: int | None = None, bundles: Folder = None, **settings: object) -> Server:
    """Start a service with these bundles on this machine, and return it when it answers.

    Settings are those of the service in lower case, such as max_rows=1000. Without a port it takes a free one.
    """
    folder = folder_of(bundles).resolve()
    for name in names:
        read(folder, name)
    environment = _environment(names, folder, port, settings)
    url = _url(environment)
    log = TemporaryFile()  # noqa: SIM115 - it lives as long as the service
    process = subprocess.Popen(
        [sys.executable, "-m", "score_app.background"], env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
        # Ctrl-C in the notebook stops a cell, not the service.
        start_new_session=True,
    )  # fmt: skip
    server = Server(process, url, log)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def _environment(
    names: tuple[str, ...], folder: object, port: int | None, settings: dict[str, object]
) -> dict[str, str]:
    if not names:
        raise UserError('name what to serve, such as serve("iris")')
    if unknown := [name for name in settings if name.upper() not in NAMES]:
        raise UserError(f"{unknown[0]} is no setting of the service; it has {', '.join(NAMES).lower()}")
    ports = free_ports(2)
    own = {"HOST": HOST, "PORT": ports[0] if port is None else port, "ADMIN_PORT": ports[1], "DRAIN_IDLE_SECONDS": 0}
    own |= {"MODEL": ",".join(names), "BUNDLES": folder} | {name.upper(): value for name, value in settings.items()}
    environment = os.environ | {name: str(value) for name, value in own.items()}
    try:
        from_environment(environment)
    except SettingsError as error:
        raise UserError(str(error)) from None
    return environment


def _url(environment: dict[str, str]) -> str:
    """Return the URL at which this machine reaches the service."""
    found = from_environment(environment)
    try:
        return url_of(loopback_address(own_address(found.host)), found.port)
    except ValueError as error:
        raise UserError(f"HOST {found.host!r}: {error}") from None


def _wait(server: Server) -> None:
    """Wait for the line that says what is served; a port alone may be another one's."""
    end = monotonic() + START_SECONDS
    while "\nscore-app: " not in f"\n{server.log}":
        if not server.is_running:
            lines = server.log.strip().splitlines() or ["it wrote nothing"]
            raise UserError(f"the service did not start: {lines[-1].removeprefix('error: ')}")
        if monotonic() > end:
            raise UserError(f"the service did not answer in {START_SECONDS} seconds; its log: {server.log[-300:]}")
        sleep(0.02)


@atexit.register
def _stop_all() -> None:
    for server in list(_RUNNING):
        with suppress(OSError):
            server.stop()
