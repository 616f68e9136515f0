"""How a pod may end, with and without what protects its callers, and what becomes of requests meanwhile."""

from dataclasses import dataclass, field
from time import sleep

from loadtest.callers import Callers
from tools.rollout.balancer import Balancer
from tools.rollout.deployment import Deployment, drained, sleeping

FLOWER = '{"X": [5.1, 3.5, 1.4, 0.2]}'
CARELESS = {"drain_timeout_seconds": 0}


@dataclass(frozen=True)
class PodEnding:
    """What a pod does between the signal to end and its end."""

    name: str
    hook: object
    settings: dict = field(default_factory=dict)
    keeps: bool = True
    """Whether nothing may be lost."""


def pod_endings(sleeps):
    """Return every ending; those that sleep do so for so many seconds."""
    return (
        PodEnding("drained by a hook, as staging and prod", drained),
        PodEnding(f"a sleep of {sleeps:g} s, as the base", sleeping(sleeps)),
        PodEnding("no hook at all", sleeping(0)),
        PodEnding(
            f"a sleep of {sleeps:g} s, and a server that leaves at the signal", sleeping(sleeps), CARELESS, keeps=False
        ),
        PodEnding("no hook, and a server that leaves at the signal", sleeping(0), CARELESS, keeps=False),
    )


def replace_under_load(ending, *, replacements, requests, lag, rate, callers=16):
    """Replace pods under callers at a constant rate; return the callers' summary and the number of replacements."""
    with Balancer(*lag) as balancer, Deployment(balancer, ending.hook, **ending.settings) as deployment:
        # Until the balancer knows its first pods.
        sleep(lag[1])
        callers_sending = Callers(f"{balancer.url}/score", FLOWER, rate, callers)
        done = 0
        while done < replacements or callers_sending.sent < requests:
            deployment.replace()
            done += 1
            while callers_sending.sent < min(requests, requests * done / replacements):
                sleep(0.05)
        deployment.settled()
        return callers_sending.stop() | {"replacements": done}
