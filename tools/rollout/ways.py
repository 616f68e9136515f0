"""The ways to end a pod, with and without what protects its callers, and what becomes of requests meanwhile."""

from dataclasses import dataclass, field
from time import sleep

from loadtest.callers import Callers
from tools.rollout.balancer import Balancer
from tools.rollout.deployment import Deployment, drained, sleeping

FLOWER = '{"X": [5.1, 3.5, 1.4, 0.2]}'
CARELESS = {"drain_timeout_seconds": 0}


@dataclass(frozen=True)
class Way:
    """What a pod does between the news that it shall go and its end."""

    name: str
    hook: object
    settings: dict = field(default_factory=dict)
    keeps: bool = True
    """Nothing may be lost this way."""


def ways(sleeps):
    """Return every way; those that sleep do so for so many seconds."""
    return (
        Way("drained by a hook, as staging and prod", drained),
        Way(f"a sleep of {sleeps:g} s, as the base", sleeping(sleeps)),
        Way("no hook at all", sleeping(0)),
        Way(
            f"a sleep of {sleeps:g} s, and a server that leaves at the signal", sleeping(sleeps), CARELESS, keeps=False
        ),
        Way("no hook, and a server that leaves at the signal", sleeping(0), CARELESS, keeps=False),
    )


def tried(way, *, replacements, requests, lag, rate, callers=16):
    """Replace pods under callers who ask at a constant rate, and tell what these say and how often it was done."""
    with Balancer(*lag) as balancer, Deployment(balancer, way.hook, **way.settings) as deployment:
        # Until the balancer knows its first pods.
        sleep(lag[1])
        all_of_them = Callers(f"{balancer.url}/score", FLOWER, rate, callers)
        done = 0
        while done < replacements or all_of_them.asked < requests:
            deployment.replace()
            done += 1
            while all_of_them.asked < min(requests, requests * done / replacements):
                sleep(0.05)
        deployment.settled()
        return all_of_them.stop() | {"replacements": done}
