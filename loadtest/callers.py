"""Callers at a constant rate, who count every request that had no right answer, and say why.

python -m loadtest.callers http://ADDRESS:5000/score asks until Ctrl-C, or for so many seconds, and then says in JSON
what was lost: refused by nobody listening, or broken on its way. Half of the callers keep their connection, the others
open one for every request. What takes long is counted from the moment when it should have been asked, so that a server
that stalls cannot hide behind those who wait.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from errno import EHOSTUNREACH
from http.client import HTTPConnection, HTTPException
from itertools import count, pairwise
from select import select
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import click

KEY = os.environ.get("API_KEY", "")
HEADERS = {"Content-Type": "application/json"} | ({"X-API-Key": KEY} if KEY else {})
GIVEN_UP = 10.0


@dataclass
class Caller:
    """One who asks, and what became of it."""

    keeps: bool
    sent: int = 0
    answered: list[tuple[float, float, float]] = field(default_factory=list)
    """When a right answer came, and how long after it was due, and after it was sent."""
    lost: list[dict[str, Any]] = field(default_factory=list)


class Callers:
    """Ask at a constant rate from now on."""

    def __init__(self, url: str, body: str, rate: float, number: int) -> None:
        self._place, self._body = urlsplit(url), body.encode()
        self._right: bytes | None = None
        self._over = Event()
        self.started = monotonic()
        self.all = [Caller(keeps=place % 2 == 0) for place in range(number)]
        self._threads = [
            Thread(target=self._ask_on, args=(caller, place / rate, number / rate))
            for place, caller in enumerate(self.all)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def sent(self) -> int:
        """Return how many requests there were until now."""
        return sum(caller.sent for caller in self.all)

    def stop(self) -> dict[str, Any]:
        """Let everybody finish, and return the summary."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.summary(-1.0)

    def summary(self, since: float) -> dict[str, Any]:
        """Return what was sent and lost, and how long it took, since a moment counted from the start."""
        answered = sorted(each for caller in self.all for each in caller.answered if each[0] > since)
        due, sent = (sorted(each[place] for each in answered) for place in (1, 2))
        lost = [each for caller in self.all for each in caller.lost if each["at"] > since]
        return {
            "seconds": round(monotonic() - self.started, 1),
            "requests": len(answered) + len(lost),
            "lost": len(lost),
            "refused": (refused := sum(each["why"].startswith("ConnectionRefused") for each in lost)),
            "unreachable": (unreachable := sum(f"[Errno {EHOSTUNREACH}]" in each["why"] for each in lost)),
            "broken": len(lost) - refused - unreachable,
            "worst_gap_ms": round(1000 * max((b[0] - a[0] for a, b in pairwise(answered)), default=0), 1),
            **{f"p{q}_ms": _quantile(due, q / 100) for q in (50, 99, 99.9)},
            "p99_since_sent_ms": _quantile(sent, 0.99),
            "why": sorted(lost, key=lambda each: each["at"]),
        }

    def _ask_on(self, caller: Caller, first: float, every: float) -> None:
        connection = self._connect()
        for turn in count():
            due = self.started + first + turn * every
            if self._over.wait(max(0.0, due - monotonic())):
                break
            caller.sent += 1
            if not caller.keeps or _dropped(connection):
                connection.close()
            sent = monotonic()
            why = self._ask(connection, caller)
            now = monotonic()
            if why:
                connection.close()
                caller.lost.append({"at": round(now - self.started, 2), "keeps": caller.keeps, "why": why})
            else:
                caller.answered.append((now - self.started, now - due, now - sent))
        connection.close()

    def _connect(self) -> HTTPConnection:
        return HTTPConnection(self._place.hostname or "", self._place.port or 80, timeout=GIVEN_UP)

    def _ask(self, connection: HTTPConnection, caller: Caller) -> str:
        """Ask once, and return what went wrong."""
        closing = {} if caller.keeps else {"Connection": "close"}
        try:
            connection.request("POST", self._place.path or "/", self._body, HEADERS | closing)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        if answer.status != 200:
            return f"{answer.status} {content.decode(errors='replace')[:200]}"
        self._right = self._right or content
        return "" if content == self._right else f"another answer: {content.decode(errors='replace')[:200]}"


def _dropped(connection: HTTPConnection) -> bool:
    """Return whether the other end has closed an idle connection, as every pool of connections checks first."""
    return connection.sock is not None and bool(select([connection.sock], [], [], 0)[0])


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None


@click.command(context_settings={"show_default": True})
@click.argument("url")
@click.option("--body", default='{"X": [5.1, 3.5, 1.4, 0.2]}', help="What is asked; all must answer as the first does.")
@click.option("--rate", default=100.0, help="Requests a second, of all callers together.")
@click.option("--callers", "number", default=8, help="So many at once; each second one keeps its connection.")
@click.option("--seconds", default=0.0, help="How long; 0 is until Ctrl-C.")
@click.option("--every", default=0.0, help="Print a line of JSON about the last seconds, every so many seconds.")
def main(url: str, body: str, rate: float, number: int, seconds: float, every: float) -> None:
    """Ask URL at a constant rate, and exit with 1 if a request was lost."""
    over = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: over.set())
    callers = Callers(url, body, rate, number)
    end = callers.started + (seconds or float("inf"))
    while not over.wait(min(every or 1.0, max(0.0, end - monotonic()))) and monotonic() < end:
        if every:
            click.echo(json.dumps(callers.summary(monotonic() - callers.started - every)))
    summary = callers.stop()
    click.echo(json.dumps(summary))
    raise SystemExit(bool(summary["lost"]))


if __name__ == "__main__":
    main()
