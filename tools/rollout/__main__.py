"""make reliability: end pods in every manner, without a cluster, then overload one; results in build/reliability."""

import json
import sys
from pathlib import Path

from tools.rollout import overload
from tools.rollout.pod_endings import pod_endings, replace_under_load

PLACE = Path(__file__).parents[2] / "build" / "reliability"
LAG, RATE, REPLACEMENTS, REQUESTS = (0.0, 5.0), 1000, 20, 100_000


def main():
    found = []
    for ending in pod_endings(10):
        outcome = replace_under_load(ending, replacements=REPLACEMENTS, requests=REQUESTS, lag=LAG, rate=RATE)
        found.append({"name": ending.name, "keeps": ending.keeps} | outcome)
        counts = f"{outcome['lost']} of {outcome['requests']:,} lost in {outcome['replacements']} replacements"
        print(f"{ending.name}: {counts}")
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / "laptop.json").write_text(json.dumps(found, indent=1))
    (PLACE / "overload.json").write_text(json.dumps(overload.measure_overload(), indent=1))
    sys.exit(any(each["lost"] for each in found if each["keeps"]))


if __name__ == "__main__":
    main()
