"""Runs the classes one after the other, each with a time budget, and gives the rows of the table."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from tests.hostile_callers import bodies, connections, crowd, honest, keys, search, wire
from tests.hostile_callers.report import Row, Watch
from tests.hostile_callers.service import MEGABYTE, MOST, probed, service
from tests.hostile_callers.surfaces import surfaces

KEPT = Path(__file__).parent / "kept" / "worst.json"
TEXT_ROW = '{"X":["word1 word9"]}'


def kept():
    """Return the worst bodies that were found in long runs, by surface."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def keep(found):
    """Write the worst bodies of this run beside those of earlier ones."""
    KEPT.parent.mkdir(exist_ok=True)
    worst = kept() | {name: [each.body.kept() for each in some] for name, some in found.items()}
    KEPT.write_text(json.dumps(worst, indent=1) + "\n")


def find(bundles, seed, seconds, only=""):
    """Look for the worst bodies; return rows, and what was found by surface."""
    rng, before, rows, worst = random.Random(seed), kept(), [], {}
    with search.Scout(bundles, "text") as scout:
        get = wire.head("/openapi.json", {"Connection": "close"}, "GET")
        document = json.loads(wire.exchange(scout.service.url, get).body)
        wanted = [each for each in surfaces(document, "text") if only in each.name]
        end = monotonic() + seconds
        for place, surface in enumerate(wanted):
            share = max(end - monotonic(), 0) / (len(wanted) - place)
            found, faults, tried = search.worst(scout, surface, before.get(surface.name, ()), rng, share)
            worst[surface.name] = found
            rows.append(_searched(surface, found, faults, tried))
    return rows, worst


def _searched(surface, found, faults, tried):
    """Return a row for a search: its worst body, and every kind of fault that any body had."""
    first = found[0]
    wrong = sorted({each.fault for each in faults})
    peak = max(each.peak for each in found)
    wrong += [f"{peak / MEGABYTE:.0f} MiB"] if peak > MOST and first.outcome != "killed" else []
    outcome = f"{first.outcome}, worst of {tried}: {bodies.described(first.body, surface)}"
    return Row("search", surface.name, peak, 0.0, outcome, tuple(wrong))


class Alive:
    """A probed service that is started again when it was killed."""

    def __init__(self, bundles, first="iris", **settings):
        self._open = lambda: service(bundles, first, **settings)
        self._row = TEXT_ROW if first == "text" else '{"X":[5.1,3.5,1.4,0.2]}'
        self._within = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._within:
            probing, serving = self._within
            probing.__exit__(None, None, None)
            serving.__exit__(None, None, None)
        self._within = None

    def get(self, *, fresh=False):
        """Return a service and its prober."""
        if self._within and (fresh or not self.service.alive):
            self.__exit__()
        if not self._within:
            serving = self._open()
            self.service = serving.__enter__()
            probing = probed(self.service, self._row)
            self._within = (probing, serving)
            self.prober = probing.__enter__()
        return self.service, self.prober


def overload(bundles, worst, seed, seconds):
    """Send the worst bodies alone, several at once and mixed; the costliest first, until the time is over."""
    order = sorted((some[0] for some in worst.values()), key=lambda each: -each.growth)
    rng, end, mixing = random.Random(seed), monotonic() + seconds * 2 / 3, seconds / 3
    with Alive(bundles, "text") as alive:
        for found in order:
            if monotonic() > end:
                break
            for number in crowd.AT_ONCE:
                row = crowd.together(*alive.get(), found, number)
                yield row
                if "the service was killed" in row.faults:
                    break
        yield crowd.mixed(*alive.get(fresh=True), [each for some in worst.values() for each in some], rng, mixing)


def honestly(bundles):
    """Send an honest large body of each protocol one after another without a pause, then several at once."""
    contents = honest.contents()
    with Alive(bundles) as alive:
        for name, content in contents.items():
            watch = Watch(*alive.get(), "honest", name)
            answer = wire.exchange(alive.service.url, content)
            outcome = str(answer.status or answer.fault)
            yield watch.row(
                f"{outcome} in {answer.seconds:.1f} s", () if answer.status == 200 else (f"{outcome}, not 200",)
            )
        several = {f"{name}, 8 at once": [contents[name]] * 8 for name in ("score", "predict_file", "v2", "batch")}
        for name, sent in (several | {"one of each at once": [*contents.values()]}).items():
            watch = Watch(*alive.get(), "honest", name)
            with ThreadPoolExecutor(len(sent)) as pool:
                got = list(pool.map(lambda content: wire.exchange(alive.service.url, content), sent))
            outcome, faults = crowd.judged([(each, "page") for each in got])
            faults += [] if any(each.status == 200 for each in got) else ["none was answered"]
            faults += [f"status {each.status}" for each in got if each.status not in (0, 200, 503)][:1]
            yield watch.row(outcome, faults)


def connecting(bundles):
    """Open hostile connections of each kind, and some of all kinds that last."""
    connections.allow_files()
    large = honest.contents()["score"]
    with Alive(bundles) as alive, Alive(bundles) as other:
        lasting = connections.Lasting(other.get()[0].url)
        row = None
        for name in connections.ATTACKS:
            if row is None or row.faults:
                connections.warm_up(alive.get(fresh=True)[0], large)
            row = connections.attacked(*alive.get(), name)
            yield row
        for name in connections.LEAVERS:
            yield connections.left(alive.get(fresh=True)[0], name)
        yield from lasting.rows(other.service)


def unauthenticated(bundles, worst):
    """Send what is worst without a key."""
    connections.allow_files()
    with service(bundles, "iris", API_KEYS=keys.KEY) as found:
        wire.exchange(found.url, wire.request("/score", {}, b"{}"))
        yield keys.cost(found)
        # One surface of each path: the key is looked at before anything else of the request.
        for first in {some[0].surface.paths: some[0] for some in worst.values()}.values():
            if first.surface.name not in keys.PUBLIC:
                yield from keys.refused(found, first)
        yield keys.half_sent(found)
        alive = () if found.alive else ("the service was killed",)
        yield Row("keys", "the service in the end", found.group.held()[0], 0.0, "", alive)


def summary(rows):
    """Return what the table says in a line."""
    bad = [row for row in rows if row.faults]
    most = max((row.peak for row in rows), default=0) / MEGABYTE
    return f"{len(bad)} of {len(rows)} cases fail; the largest peak is {most:.0f} MiB"
