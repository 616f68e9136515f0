"""Several bodies at once: copies of one, and random mixes of all protocols."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from tests.hostile_callers import answers, bodies, wire
from tests.hostile_callers.report import Watch
from tests.hostile_callers.service import MAX_BODY

AT_ONCE = (1, 2, 8, 32)


def judged(found):
    """Return what was answered, and the faults, of pairs of an answer and the shape of error that is due."""
    outcome = Counter(str(answer.status or answer.fault) for answer, _ in found)
    faults = {answers.fault(*each) for each in found} - {""}
    return " ".join(f"{count}x{status}" for status, count in sorted(outcome.items())), sorted(faults)


def together(service, prober, found, number):
    """Send one body several times at once."""
    content = bodies.sent(found.body, found.surface, MAX_BODY)
    watch = Watch(service, prober, "memory", f"{found.surface.name}, {number} at once")
    with ThreadPoolExecutor(number) as pool:
        got = list(pool.map(lambda _: wire.exchange(service.url, content), range(number)))
    return watch.row(*judged([(answer, found.surface.error) for answer in got]))


def mixed(service, prober, worst, rng, seconds, callers=32):
    """Let callers send one random bad body after another."""
    contents = [(bodies.sent(each.body, each.surface, MAX_BODY), each.surface.error) for each in worst]
    watch, end = Watch(service, prober, "memory", f"random mix, {callers} callers"), monotonic() + seconds
    seeds = [rng.random() for _ in range(callers)]

    def ask(seed):
        got, order = [], random.Random(seed)
        while monotonic() < end and service.alive:
            content, shape = order.choice(contents)
            got.append((wire.exchange(service.url, content), shape))
        return got

    with ThreadPoolExecutor(callers) as pool:
        got = [each for several in pool.map(ask, seeds) for each in several]
    return watch.row(*judged(got))
