"""Try every way in full, without a cluster, then too much load, and leave what came of it in build/fire: make fire."""

import json
import sys
from pathlib import Path

from tools.rollout import overload
from tools.rollout.ways import tried, ways

PLACE = Path(__file__).parents[2] / "build" / "fire"
LAG, RATE, REPLACEMENTS, REQUESTS = (0.0, 5.0), 1000, 20, 100_000


def main():
    found = []
    for way in ways(10):
        told = tried(way, replacements=REPLACEMENTS, requests=REQUESTS, lag=LAG, rate=RATE)
        found.append({"name": way.name, "keeps": way.keeps} | told)
        print(f"{way.name}: {told['lost']} of {told['requests']:,} lost in {told['replacements']} replacements")
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / "laptop.json").write_text(json.dumps(found, indent=1))
    (PLACE / "overload.json").write_text(json.dumps(overload.tried(), indent=1))
    sys.exit(any(each["lost"] for each in found if each["keeps"]))


if __name__ == "__main__":
    main()
