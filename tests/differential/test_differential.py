"""Served models answer as their estimators do: random pipelines by seed, and the cases that were once wrong.

A failure is repeated by `python -m tests.differential SEED`, or with the name of a kept case.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.differential.__main__ import shown
from tests.differential.front import FORMS
from tests.differential.kept import KEPT, run_kept
from tests.differential.run import run as run_case
from tests.differential.run import run_seed
from tests.differential.texts import text_case

QUICK, ROWS = (0, 1, 6, 7, 8, 11), 60
"""Seeds of cases that are added within seconds, two of each form."""
MANY = int(os.environ.get("DIFFERENTIAL_CASES", "8"))
FIRST = int(os.environ.get("DIFFERENTIAL_SEED", "1000"))
PROCESSES = int(os.environ.get("DIFFERENTIAL_PROCESSES", "2"))


def require_right(report):
    if report.failures:
        pytest.fail(shown(report), pytrace=False)


def run(seed, count=200):
    """Run the case of a seed; each third brings its data in another form."""
    return run_seed(seed, FORMS[seed % len(FORMS)], count)


@pytest.mark.parametrize("seed", QUICK)
def test_a_random_pipeline_is_served_as_its_estimator_answers(seed):
    require_right(run(seed, ROWS))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(len(FORMS)))
def test_a_random_pipeline_of_texts_is_served_as_its_estimator_answers(seed):
    form = FORMS[seed % len(FORMS)]
    report = run_case(lambda: text_case(seed, form), f"text {seed}", ROWS, seed)
    require_right(report)
    assert report.runtime.endswith("short"), report.pipeline


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_what_was_once_wrong_stays_right(name):
    require_right(run_kept(name, ROWS))


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_random_pipelines_are_served_as_their_estimators_answer():
    # Forked processes would share the locks of this one's threads.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        reports = list(pool.map(run, range(FIRST, FIRST + MANY)))
    wrong = [report for report in reports if report.failures]
    refused = [report for report in reports if report.state == "refused"]
    assert not wrong, "\n".join(map(shown, wrong))
    assert len(refused) <= MANY / 5, f"add refused {len(refused)} of {MANY}: nothing was compared for them"
