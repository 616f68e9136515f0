"""Train, add, serve and compare one case."""

import os
import re
import signal
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tests.differential import front
from tests.differential.cases import Case, draw
from tests.differential.compare import Comparison, Failure
from tests.differential.expect import Judge
from tests.differential.rows import fresh

SECONDS = float(os.environ.get("DIFFERENTIAL_SECONDS", "60"))
"""So much computing time a case may take."""


@dataclass
class Report:
    """What became of one case."""

    name: str
    pipeline: str = ""
    state: str = "served"
    """`served`, `refused` where `add` had a reason, or `failed`."""
    runtime: str = ""
    compared: int = 0
    failures: list[Failure] = field(default_factory=list)
    reason: str = ""


def run_seed(seed: int, form: str = "csv", count: int = 200) -> Report:
    """Run the case of a seed."""
    return run(lambda: draw(seed, form), str(seed), count, seed)


def run(make: Callable[[], Case], name: str, count: int = 200, seed: int = 0) -> Report:
    """Run one case; whatever goes wrong is in the report."""
    report = Report(name)
    with warnings.catch_warnings(), threadpool_limits(1), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            with _limited(), TemporaryDirectory() as folder:
                _run(make(), report, Path(folder), count, seed)
        except _Late:
            report.failures.append(Failure(name, f"not done in {SECONDS:.0f} s of computing"))
    if report.failures:
        report.state = "failed"
    return report


def _run(case: Case, report: Report, folder: Path, count: int, seed: int) -> None:
    report.pipeline = " ".join(repr(case.estimator).split())
    # What add and the service do to the estimator must not reach the one that is asked for the truth.
    added = front.add(case, folder)
    if added.code != 0 or added.traceback:
        _not_added(case, report, added)
        return
    try:
        service = front.Service(folder)
    except Exception as error:
        report.failures.append(
            Failure(case.name, f"added, but not served: {type(error).__name__}", got=str(error)[:300])
        )
        return
    report.runtime = service.runtime
    judge = Judge(case)
    rows = fresh(case.frame, np.random.default_rng([seed, 1 << 20]), count)
    comparison = Comparison(case, service, judge)
    try:
        comparison.run(judge.expect(rows))
    finally:
        report.compared, report.failures = comparison.compared, comparison.failures
        service.close()


def _not_added(case: Case, report: Report, added: front.Added) -> None:
    report.reason = added.error
    if added.traceback:
        report.failures.append(Failure(case.name, "add ends in a traceback", got=added.traceback[-600:]))
    elif added.code != 2 or not added.error.startswith("error: "):
        report.failures.append(Failure(case.name, f"add ends with code {added.code}", got=added.output[-300:]))
    elif any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", added.error) for name in case.doubtful):
        report.state = "refused"
    else:
        report.failures.append(Failure(case.name, "add refuses a model that predicts", got=added.error))


class _Late(BaseException):
    """The case has used up its time."""


@contextmanager
def _limited() -> Any:
    """Limit the computing time, which a busy machine does not make longer."""

    def stop(*_: Any) -> None:
        raise _Late

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
