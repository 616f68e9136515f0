"""Pods are replaced under callers, without a cluster: nothing is lost, unless what protects them is taken away."""

import pytest

from tools.rollout.ways import tried, ways

WAYS = ways(1.5)


@pytest.mark.parametrize("way", [way for way in WAYS if way.keeps], ids=lambda way: way.name)
def test_nothing_is_lost(way):
    told = tried(way, replacements=3, requests=900, lag=(0.0, 1.0), rate=200)
    assert (told["lost"], told["why"]) == (0, [])
    assert told["requests"] >= 900


def test_much_is_lost_without_protection():
    told = tried(WAYS[-1], replacements=2, requests=600, lag=(0.5, 1.0), rate=200)
    # A connection may end before, while or after the request is sent.
    ends = ("BrokenPipe", "Connection", "RemoteDisconnected")
    assert any(each["why"].startswith(ends) for each in told["why"])
