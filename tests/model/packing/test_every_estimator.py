"""Every estimator that predicts is served one way or the other, and docs/models.md says which."""

import pytest

from tools import estimators

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("every estimator")]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    return folder, estimators.pack_all(folder)


def test_every_estimator_is_served(packed):
    _, results = packed
    assert not {name: each for name, each in results.items() if isinstance(each, str)}


def test_every_bundle_says_the_same_in_a_fresh_process(packed):
    folder, results = packed
    lines = estimators.load_all_again(folder)
    assert len(lines) == len(results)
    assert not [line for line in lines if not line.startswith("same")]


def test_the_page_is_true(packed):
    _, results = packed
    assert estimators.PAGE.read_text(encoding="utf-8") == estimators.page(results), "run `make estimators`"
