"""The monitoring tutorial's load, for a moment."""

import csv
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
