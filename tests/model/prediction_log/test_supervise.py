"""The supervisor of the shipper: a crash is mended in place, and a signal reaches the process that ships."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from model.prediction_log.supervise import Supervisor
from tests.helpers.logged import stored
from tests.helpers.waiting import until
from tests.model.prediction_log.test_ship import segment, shipper

SUPERVISE = """
import sys
from model.prediction_log import supervise
supervise.LOOK_SECONDS = 0.05
sys.exit(supervise.Supervisor([sys.executable, "-c", sys.argv[1]], int(sys.argv[2]) or None).run())
"""
HELPLESS = """
import signal
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
print("runs", flush=True)
signal.pause()
"""


@contextmanager
def supervised(program, most_bytes=0):
    """Run a program under the supervisor, in a process of its own."""
    command = [sys.executable, "-c", SUPERVISE, program, str(most_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def children(process):
    return [int(each) for each in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def reported(process):
    """Return the next line that says why a process was started again."""
    found = json.loads(process.stderr.readline())
    assert found["event"] == "prediction_log_shipper_restarts"
    return found["reason"]


def test_a_shipper_that_is_killed_is_started_again_in_place(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    log.mkdir()
    with shipper(log, store) as process:
        for number in (1, 2):
            assert json.loads(process.stderr.readline())["event"] == "prediction_log_shipper_started"
            (child,) = children(process)
            segment(log, number)
            until(lambda: not list(log.iterdir()), "the segment is shipped")
            assert json.loads(process.stderr.readline())["event"] == "prediction_log_shipped"
            os.kill(child, signal.SIGKILL)
            assert reported(process) == "ended by SIGKILL"
        assert json.loads(process.stderr.readline())["event"] == "prediction_log_shipper_started"
        segment(log, 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(stored(store)) == 3


def test_a_signal_that_comes_before_its_handler_is_not_lost(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    segment(log, 1)
    with shipper(log, store) as process:
        until(lambda: children(process), "the process that ships was started")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(stored(store)) == 1


def test_the_end_of_the_supervisor_is_the_end_of_the_shipper(tmp_path):
    (tmp_path / "log").mkdir()
    with shipper(tmp_path / "log", tmp_path / "store") as process:
        assert json.loads(process.stderr.readline())["event"] == "prediction_log_shipper_started"
        (child,) = children(process)
        process.kill()
        until(lambda: not Path(f"/proc/{child}").exists(), "the process that ships has ended")


@pytest.mark.parametrize("code", [2, 130])
def test_a_process_that_refuses_to_run_is_not_started_again(code):
    with supervised(f"raise SystemExit({code})") as process:
        assert process.wait(30) == code
        assert process.stderr.read() == ""


def test_one_that_ends_well_unasked_is_started_again():
    with supervised("raise SystemExit(0)") as process:
        assert reported(process) == "ended with exit code 0"
        assert reported(process) == "ended with exit code 0"


def test_one_that_takes_too_much_memory_is_ended_before_the_kernel_does():
    with supervised("held = b'x' * (200 << 20)\nimport time\ntime.sleep(60)", 100 << 20) as process:
        assert reported(process) == "took more than 100 MiB"


def test_one_that_cannot_end_well_is_tried_once_more_and_then_left():
    with supervised(HELPLESS) as process:
        assert process.stdout.readline() == "runs\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 1
        assert reported(process) == "ended by SIGTERM"
        assert process.stderr.read() == ""


def test_nothing_is_left_waiting_when_a_signal_comes_between_two_runs(monkeypatch):
    monkeypatch.setattr("model.prediction_log.supervise.FIRST_WAIT", 60)
    supervisor = Supervisor([sys.executable, "-c", "raise SystemExit(3)"], None)
    earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(
        "model.prediction_log.supervise.log_line", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)
    )
    try:
        assert supervisor.run() == 1
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
