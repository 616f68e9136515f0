"""Dev gets the worst bodies that were found for its model, from many callers: no pod is killed, all stay ready."""

import json
import sys

import pytest

from tests.helpers.cluster import EXEC, ask, pods, run
from tests.helpers.waiting import until

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]


def test_pods_survive_the_worst_bodies(dev):
    done = run(*EXEC, sys.executable, "-m", "tests.hostile_callers.attack", dev, "45", "24", timeout=120)
    outcomes = json.loads(done.stdout)
    print(outcomes)
    assert "500" not in outcomes
    assert {"200", "413", "503"} <= outcomes.keys()
    until(lambda: ask(f"{dev}/score", {"X": [5.1, 3.5, 1.4, 0.2]}) == {"score": [0]}, "an answer afterwards", 30)
    found = [each["status"]["containerStatuses"][0] for each in pods("mlops-dev")]
    assert found
    assert [(each["restartCount"], each["ready"]) for each in found] == [(0, True)] * len(found), found
