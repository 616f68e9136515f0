"""The monitoring tutorial's load, for a moment."""

import csv
import os
import subprocess
import sys


def test_the_mix_runs_without_a_failure(server, tmp_path):
    command = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--host", server.url]
    more = ["-u", "5", "-r", "5", "-t", "3s", "--csv", tmp_path / "load", "--exit-code-on-error", "1"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    with (tmp_path / "load_stats.csv").open() as file:
        lines = {line["Name"]: line for line in csv.DictReader(file)}
    assert int(lines["/predict"]["Request Count"]) > 10
    assert int(lines["Aggregated"]["Failure Count"]) == 0


def test_a_run_that_is_too_slow_or_reaches_nobody_fails(server):
    for url, limit, said in (
        (server.url, "0", "a hundredth of the answers took longer"),
        ("http://127.0.0.1:9", "250", "failed"),
    ):
        command = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--host", url]
        done = subprocess.run(
            [*command, "-u", "2", "-r", "2", "-t", "2s"], capture_output=True, text=True, timeout=60,
            env=os.environ | {"P99": limit},
        )  # fmt: skip
        assert (done.returncode, said in done.stdout) == (1, True), done.stdout[-500:] + done.stderr[-500:]
