"""The monitoring tutorial's load, for a moment."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.server import free_port, running

SECRET = "a-key-that-is-long-enough"
LOCUST = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--headless"]
# Two callers in one moment, one whose answers come at once, one whose every answer takes longer than a minute.
MOMENTS = """
import random, sys
from types import SimpleNamespace
sys.path.insert(0, "loadtest")
import locustfile
for answer in (0.0, 60.0):
    random.seed(7)
    now, caller, waits = 0.0, SimpleNamespace(due=0.0), []
    locustfile.perf_counter = lambda: now
    for _ in range(2000):
        waits.append(locustfile.until_due(caller))
        now += waits[-1] + answer
    print(locustfile.CALLERS, round(2000 / caller.due, 1), min(waits), any(waits[1:]))
"""


def test_the_mix_runs_without_a_failure(server, tmp_path):
    command = [*LOCUST, "--host", server.url]
    more = ["-u", "5", "-r", "5", "-t", "6s", "--csv", tmp_path / "load", "--exit-code-on-error", "1"]
    slow = os.environ | {"P99": "60000"}
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, env=slow)
    assert done.returncode == 0, done.stderr[-2000:]
    with (tmp_path / "load_stats.csv").open() as file:
        lines = {line["Name"]: line for line in csv.DictReader(file)}
    assert int(lines["/predict"]["Request Count"]) > 10
    assert int(lines["Aggregated"]["Failure Count"]) == 0


def test_a_run_that_is_too_slow_or_reaches_nobody_fails(server):
    for url, limit, message in (
        (server.url, "0", "a hundredth of the answers took longer"),
        ("http://127.0.0.1:9", "250", "failed"),
    ):
        done = subprocess.run(
            [*LOCUST, "--host", url, "-u", "2", "-r", "2", "-t", "2s"], capture_output=True, text=True, timeout=60,
            env=os.environ | {"P99": limit},
        )  # fmt: skip
        assert (done.returncode, message in done.stdout) == (1, True), done.stdout[-500:] + done.stderr[-500:]


@pytest.mark.parametrize(("key", "allowed", "code"), [("", 0, 1), ("", 1, 0), (f"{SECRET}\nother", 0, 0)])
def test_as_many_may_fail_as_is_allowed(key, allowed, code):
    with running(model="iris", api_keys=SECRET) as server:
        done = subprocess.run(
            [*LOCUST, "--host", server.url, "-u", "2", "-r", "2", "-t", "2s"], capture_output=True, text=True,
            timeout=60, env=os.environ | {"API_KEY": key, "FAILURES": str(allowed), "P99": "60000"},
        )  # fmt: skip
    assert (done.returncode, "of the requests failed" in done.stdout) == (code, bool(code)), done.stdout


def test_a_steady_rate_takes_as_many_callers_as_it_needs(server, tmp_path):
    command = [*LOCUST, "--host", server.url, "-u", "1", "-t", "5s", "--csv", tmp_path / "load", "--csv-full-history"]
    more = os.environ | {"STEADY": "35", "RATE": "10", "P99": "60000"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=more)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    with (tmp_path / "load_stats_history.csv").open() as file:
        assert max(int(line["User Count"]) for line in csv.DictReader(file)) == 4


def test_a_slow_answer_makes_nobody_ask_less():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MOMENTS], capture_output=True, text=True, timeout=60,
        env=os.environ | {"STEADY": "35", "RATE": "10"},
    )  # fmt: skip
    prompt, slow = (line.split() for line in done.stdout.splitlines())
    assert prompt[0] == "4"
    assert float(prompt[1]) == pytest.approx(35 / 4, rel=0.1)
    assert slow[:3] == [*prompt[:2], "0.0"]
    assert (prompt[3], slow[3]) == ("True", "False")


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "code", "message"), [("60000", 0, "good: "), ("0", 1, "error: a hundredth")])
def test_only_the_master_judges(limit, code, message, server):
    port, more = str(free_port()), os.environ | {"P99": limit}
    command = [*LOCUST, "--worker", "--master-port", port]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=more)
        for _ in range(2)
    ]
    try:
        done = subprocess.run(
            [*LOCUST, "--master", "--master-bind-port", port, "--expect-workers", "2", "--host", server.url,
             "-u", "4", "-r", "4", "-t", "6s"], capture_output=True, text=True, timeout=90, env=more,
        )  # fmt: skip
        outputs = [worker.communicate(timeout=30)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert (done.returncode, message in done.stdout) == (code, True), done.stdout + done.stderr[-2000:]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    assert not any(re.search("^(good|error): ", each, re.MULTILINE) for each in outputs), outputs


def test_the_image_holds_the_locust_that_is_tested_here():
    image, here = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", Path(f"locks/{name}.txt").read_text(), re.MULTILINE))
        for name in ("load", "dev")
    )
    assert image.items() <= here.items()
    assert "locust" in image
