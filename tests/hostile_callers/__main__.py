"""python -m tests.hostile_callers: print the table of what hostile callers cost. Needs root, for a memory cgroup."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.helpers.environment import isolate
from tests.hostile_callers import cgroup, models, run
from tests.hostile_callers.report import HEAD

CLASSES = ("search", "memory", "honest", "connections", "keys")


def rows(options, bundles):
    """Give every row of the classes that are wished; those that send the worst bodies have to find them first."""
    wanted = options.classes or CLASSES
    worst = {}
    if {"search", "memory", "keys"} & set(wanted):
        found, worst = run.find(bundles, options.seed, options.seconds, options.only)
        yield from found
        if options.keep:
            run.keep(worst)
    if "memory" in wanted:
        yield from run.overload(bundles, worst, options.seed, options.seconds)
    if "honest" in wanted:
        yield from run.honestly(bundles)
    if "connections" in wanted:
        yield from run.connecting(bundles)
    if "keys" in wanted:
        yield from run.unauthenticated(bundles, worst)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classes", nargs="*", help=f"of {', '.join(CLASSES)}; all without any")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60, help="for the search, and again for sending what it found")
    parser.add_argument("--only", default="", help="search surfaces whose name holds this")
    parser.add_argument("--keep", action="store_true", help="write the worst bodies to tests/hostile_callers/kept/")
    options = parser.parse_args()
    isolate()
    # What was started is ended, and the cgroups are removed, whoever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    shown = []
    print(HEAD, flush=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for row in rows(options, models.packed(Path(folder))):
                print(row, flush=True)
                shown.append(row)
    except cgroup.NotPossibleError as error:
        sys.exit(f"budget: {error}")
    print(run.summary(shown))
    sys.exit(any(row.faults for row in shown))


if __name__ == "__main__":
    main()
