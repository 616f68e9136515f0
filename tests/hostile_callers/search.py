"""Looks for the body of each surface that costs the most memory, by small random changes led by the measured peak."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from time import monotonic

from api.limits.request_cost import cost_of_body
from tests.hostile_callers import answers, bodies, wire
from tests.hostile_callers.service import LIMIT, MAX_BODY, MAX_ROWS, MEGABYTE, RETURNING, service
from tests.hostile_callers.shapes import Filling

RETAINED = 16 * MEGABYTE
UNCOUNTED = 16 * MEGABYTE
"""What a refused body may take beyond its estimate: pages, and what is loaded on first use."""
KEPT = 4
"""How many of the worst are changed further."""


@dataclass(frozen=True)
class Found:
    """A body, by how much the service's memory grew while it was answered, and what came of it."""

    surface: object
    body: bodies.Body
    growth: float
    peak: float
    outcome: str
    fault: str = ""

    @property
    def megabytes(self):
        return self.growth / MEGABYTE


class Scout:
    """A service that gives back memory at once, and is started again once it was killed or holds more than at first."""

    def __init__(self, bundles, first):
        self._arguments, self._stack = (bundles, first), ExitStack()
        self.deaths = 0

    def __enter__(self):
        self.service = self._stack.enter_context(service(*self._arguments, **RETURNING, LOG_LEVEL="error"))
        self._clean = self.service.begin()
        return self

    def __exit__(self, *error):
        self._stack.close()

    def refresh(self):
        """Start it again where what came before would hide what comes next."""
        self.deaths += not self.service.alive
        if not self.service.alive or self.service.begin() > self._clean + RETAINED:
            self._stack.close()
            self.__enter__()

    def measure(self, surface, body):
        """Send one body to a service that is alive, and return what it cost."""
        self.refresh()
        content = bodies.sent(body, surface, MAX_BODY)
        before = self.service.begin()
        answer = wire.exchange(self.service.url, content)
        peak = self.service.peak()
        if not self.service.alive:
            return Found(surface, body, float(LIMIT), LIMIT, "killed", "the service was killed")
        outcome = str(answer.status or answer.fault)
        fault = answers.fault(answer, surface.error) or _undercounted(surface, body, peak - before, answer.status)
        return Found(surface, body, peak - before, peak, outcome, fault)


def _undercounted(surface, body, growth, status):
    """Return a fault if a refused body took far more than the service took from its budget for it.

    For an answer, the service takes more memory than for the body alone.
    """
    media_type = surface.content_type.partition(";")[0]
    estimate = cost_of_body(bodies.content(body, surface, MAX_BODY), media_type)
    if status == 200 or growth <= estimate + UNCOUNTED:
        return ""
    return f"took {growth / MEGABYTE:.0f} MiB, estimated at {estimate / MEGABYTE:.0f}"


def worst(scout, surface, kept, rng, seconds):
    """Return the worst bodies of a surface that were found in the time, the worst first, and those with a fault."""
    end, found, faults, tried = monotonic() + seconds, [], [], 0
    queue = [bodies.Body.of(each) for each in kept]
    # As many rows as are allowed, with all that may be asked of each; and few rows, each with many outputs.
    rows, outputs = Filling(most=MAX_ROWS), Filling(2)
    frames = range(len(surface.frames))
    plain = [bodies.Body(frame, rows, outputs, query=len(surface.queries) - 1) for frame in frames]
    queue += [replace(body, size=0.01) for body in plain if "@1" in surface.frames[body.frame]][:2]
    queue += plain[: 3 if seconds < 20 else None]
    while monotonic() < end or tried < 2:
        if queue:
            body = queue.pop(0)
        elif found and rng.random() < 0.7:
            body = bodies.mutated(rng, rng.choice(found[:KEPT]).body, surface)
        else:
            body = bodies.random_body(rng, surface)
        one = scout.measure(surface, body)
        tried += 1
        found = sorted([*found, one], key=lambda each: -each.growth)[:KEPT]
        faults += [one] if one.fault else []
        if found[-1].outcome == "killed" and len(found) == KEPT:
            break
    return found, faults, tried
