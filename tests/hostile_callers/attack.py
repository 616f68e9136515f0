"""Send a service the worst bodies that were found for its models.

`python -m tests.hostile_callers.attack URL SECONDS CALLERS` prints how often each status or fault came, as JSON.
"""

import json
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

from tests.hostile_callers import bodies, wire
from tests.hostile_callers.connections import ATTACKS
from tests.hostile_callers.run import kept
from tests.hostile_callers.service import MAX_BODY
from tests.hostile_callers.surfaces import surfaces


def contents(url):
    """Return the worst requests for the models that are served."""
    found = {
        path: json.loads(wire.exchange(url, wire.head(path, {"Connection": "close"}, "GET")).body)
        for path in ("/openapi.json", "/v1/models")
    }
    names = found["/v1/models"]["models"]
    worst = kept()
    return [
        bodies.sent(bodies.Body.of(body), surface, MAX_BODY)
        for surface in surfaces(found["/openapi.json"], names[0], names)
        for body in worst.get(surface.name, ())
    ]


def main():
    url, seconds, callers = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    requests, end = contents(url), monotonic() + float(seconds)

    def send(seed):
        order, outcomes = random.Random(seed), Counter()
        while monotonic() < end:
            found = wire.exchange(url, order.choice(requests), 15)
            outcomes[str(found.status or found.fault)] += 1
        return outcomes

    with ExitStack() as held, ThreadPoolExecutor(callers) as pool:
        sending = [pool.submit(send, seed) for seed in range(callers)]
        for each in ATTACKS["200 announce 300 kB and send nothing"].open(url):
            held.enter_context(each)
        print(json.dumps(sum((each.result() for each in sending), Counter())))


if __name__ == "__main__":
    main()
