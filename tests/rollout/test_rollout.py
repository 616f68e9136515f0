"""Pods are replaced under callers, without a cluster: nothing is lost, unless what protects them is taken away."""

import pytest

from tools.rollout.pod_endings import pod_endings, replace_under_load

ENDINGS = pod_endings(1.5)
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending.keeps], ids=lambda ending: ending.name)
def test_nothing_is_lost(ending):
    outcome = replace_under_load(ending, replacements=3, requests=900, lag=(0.0, 1.0), rate=200)
    assert (outcome["lost"], outcome["why"]) == (0, [])
    assert outcome["requests"] >= 900


def test_much_is_lost_without_protection():
    outcome = replace_under_load(ENDINGS[-1], replacements=2, requests=600, lag=(0.5, 1.0), rate=200)
    # A connection may end before, while or after the request is sent.
    ends = ("BrokenPipe", "Connection", "RemoteDisconnected")
    assert any(each["why"].startswith(ends) for each in outcome["why"])
