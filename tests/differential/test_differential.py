"""Served models answer as their estimators do: random pipelines by seed, and the cases that were once wrong.

A failure is repeated by `python -m tests.differential SEED`, or with the name of a kept case.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from tests.differential.__main__ import shown
from tests.differential.front import FORMS
from tests.differential.kept import KEPT, run_kept
from tests.differential.run import run_seed

FEW, ROWS = 24, 60
MANY = int(os.environ.get("DIFFERENTIAL_CASES", "400"))
FIRST = int(os.environ.get("DIFFERENTIAL_SEED", "1000"))
PROCESSES = int(os.environ.get("DIFFERENTIAL_PROCESSES", "2"))


def require_right(report):
    if report.failures:
        pytest.fail(shown(report), pytrace=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(FEW))
@pytest.mark.timeout(120)
def test_a_random_pipeline_is_served_as_its_estimator_answers(seed, form):
    require_right(run_seed(seed, form, ROWS))


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.timeout(120)
def test_what_was_once_wrong_stays_right(name):
    require_right(run_kept(name))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.timeout(0)
def test_hundreds_of_random_pipelines_are_served_as_their_estimators_answer(form):
    # Forked processes would share the locks of this one's threads.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        reports = list(pool.map(partial(run_seed, form=form), range(FIRST, FIRST + MANY)))
    wrong = [report for report in reports if report.failures]
    refused = [report for report in reports if report.state == "refused"]
    assert not wrong, "\n".join(map(shown, wrong))
    assert len(refused) <= MANY / 5, f"add refused {len(refused)} of {MANY}: nothing was compared for them"
