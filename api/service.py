"""One way for every request: key, dialect, errors, counts, log line. Flask and the fast lane both go through here."""

from __future__ import annotations

import hmac
import re
import secrets
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import inf
from time import perf_counter
from typing import Any

from api.bodies import Bodies
from api.codec import encode
from api.dialects import Reply, Request
from api.errors import ApiError
from api.logs import Log
from api.metrics import Meters
from api.pressure import Pressure
from api.scoring import Models
from api.settings import Settings

# So many requests are counted together.
ADDED_UP = 512
FORM = "application/x-www-form-urlencoded"
_NAME, _TRACE = "HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT"
_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.{0,64}")
Ask = Callable[[Request], Reply]
Render = Callable[[ApiError, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, and the pure function that answers it."""

    method: str
    path: str
    """In Flask's spelling; it is the metrics' route label too."""
    answer: Callable[..., Reply]
    """Called with the models, the first of them where that is meant, the request, and what stands for <…>."""
    error: Render
    scoring: bool = False
    """Needs a key where keys are set, and is worth a line of the log."""
    refused: Callable[..., Reply] | None = None
    """Called with the models, the request and what is wrong, where people and not programs are told."""
    default: bool = False
    """Asks the first model, on a path that names none."""
    route: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "route", (self.method, self.path))

    def bound(self, models: Models, names: dict[str, str]) -> Ask:
        """Return what answers requests for one concrete path."""
        return partial(self.answer, models, *([models.default] if self.default else []), **names)

    @property
    def dialect(self) -> str:
        """Return the name of the module whose callers this endpoint speaks to."""
        return self.error.__module__.rpartition(".")[2]


@dataclass
class State:
    """What changes while a server runs."""

    draining: bool = False
    last_request: float = -inf


class Service:
    """Answer requests by endpoint."""

    def __init__(self, settings: Settings, models: Models, meters: Meters, log: Log) -> None:
        self.settings, self.models, self.meters, self.log = settings, models, meters, log
        self.state = State()
        self.pressure = Pressure(settings.patience)
        self.bodies = Bodies(settings.threads, settings.body_seconds)
        self._keys = [key.encode() for key in settings.api_keys]
        self._enter, self._leave, self._note = meters.in_flight.append, meters.in_flight.pop, meters.request
        self._prefix, self._numbers = f"{secrets.token_hex(6)}-", count(1)
        self._sample = settings.log_sample if log.enabled("info") else 0.0

    def answer(self, endpoint: Endpoint, ask: Ask, request: Request, *, quick: bool = False) -> Reply:
        """Return the reply of an endpoint; whatever goes wrong is a reply too."""
        start = perf_counter()
        self._enter(None)
        number = next(self._numbers)
        identity = f"{self._prefix}{number:x}"
        if _NAME in request.environ:
            identity = given(request.environ[_NAME]) or identity
        try:
            if endpoint.scoring and (self._keys or self.pressure.late):
                self._admit(request)
            reply = ask(request)
        except ApiError as failure:
            self.meters.reject(endpoint.path, failure.code)
            shown = endpoint.refused and endpoint.refused(self.models, request, failure)
            reply = shown or refusal(endpoint.error, failure, identity)
        except Exception:  # noqa: BLE001 - the program's one last resort: the fault is ours, and its text stays here
            self.log.write("error", "fault", request_id=identity, route=endpoint.path, trace=traceback.format_exc())
            fault = ApiError(500, "internal", "the server failed to answer; its log knows why")
            reply = refusal(endpoint.error, fault, identity)
        self._leave()
        seconds = perf_counter() - start
        if self.models.memory is not None and endpoint.scoring:
            self.models.memory.keep(identity)
        self._note(endpoint.route, reply.status, seconds)
        if not number % ADDED_UP:
            self.meters.add_up()
        if endpoint.scoring:
            self.state.last_request = start
        trace = traced(request.environ[_TRACE]) if _TRACE in request.environ else None
        if trace:
            self.meters.examples[endpoint.path] = trace, seconds
        if reply.status >= 400 or not quick or (self._sample and number * self._sample % 1 < self._sample):
            self._line(endpoint, reply, identity, seconds, trace)
        return self.finished(reply, identity)

    def finished(self, reply: Reply, identity: str) -> Reply:
        """Give a reply the headers that all have."""
        reply.headers = [("Content-Type", reply.content_type), ("X-Request-ID", identity), *reply.headers]
        if self.state.draining:
            # Whoever keeps the connection would meet a closed door; told so, a client opens another elsewhere.
            reply.headers.append(("Connection", "close"))
        return reply

    def watch(self, door: str) -> None:
        """Look after those who wait, from now on: for a body that does not come, or for their turn."""
        say = self.log.write
        self.bodies.watch(self.settings.port, lambda ended: say("warning", "slow_bodies", ended=ended))
        told = lambda begins: say("warning", "overload", over=not begins)  # noqa: E731
        self.pressure.watch(door, self.settings.port, told, self.bodies.crowded_since)

    def close(self) -> None:
        """End what goes on beside the answers; here nothing does."""

    def unmatched(self, request: Request, method: str, failure: ApiError, render: Render) -> Reply:
        """Refuse what no endpoint answers."""
        identity = given(request.environ.get(_NAME, "")) or f"{self._prefix}{next(self._numbers):x}"
        self._note((method, "unmatched"), int(failure.status), 0.0)
        return self.finished(refusal(render, failure, identity), identity)

    def _admit(self, request: Request) -> None:
        if self._keys:
            self._require_key(request)
        self.pressure.admit()

    def _require_key(self, request: Request) -> None:
        text: str = request.environ.get("HTTP_X_API_KEY", "")
        if "HTTP_AUTHORIZATION" in request.environ:
            scheme, _, token = request.environ["HTTP_AUTHORIZATION"].partition(" ")
            text = token.strip() if scheme.lower() == "bearer" else text
        if not text and request.content_type == FORM:
            text = request.form.get("key", "")
        found = text.encode()
        # Every key is compared, so that the time taken tells nothing of which one was nearly right.
        if not sum([hmac.compare_digest(found, key) for key in self._keys]):
            raise ApiError(401, "unauthorized", "a valid key is needed: Authorization: Bearer KEY, or X-API-Key: KEY")

    def _line(self, endpoint: Endpoint, reply: Reply, identity: str, seconds: float, trace: str | None) -> None:
        level = "info" if endpoint.scoring or reply.status >= 400 else "debug"
        self.log.write(
            level, "request", request_id=identity, method=endpoint.method, route=endpoint.path,
            dialect=endpoint.dialect, rows=reply.rows, status=reply.status, microseconds=round(seconds * 1e6),
            **({"trace_id": trace} if trace else {}),
        )  # fmt: skip


def given(name: str) -> str | None:
    """Return the caller's own name of a request if it is harmless."""
    return name if 0 < len(name) <= 128 and name.isascii() and name.isprintable() else None


def traced(parent: str) -> str | None:
    """Return the trace that a request belongs to, as the W3C's header names it."""
    match = _PARENT.fullmatch(parent)
    return match[1] if match else None


def refusal(render: Render, failure: ApiError, identity: str) -> Reply:
    """Return an error as a reply in its dialect's shape."""
    headers: tuple[tuple[str, str], ...] = ()
    if failure.status == 401:
        headers = (("WWW-Authenticate", "Bearer"),)
    elif failure.status == 503:
        headers = (("Retry-After", "1"),)
    return Reply(encode(render(failure, identity)), int(failure.status), headers=headers)
