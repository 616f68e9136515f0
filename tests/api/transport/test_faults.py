"""What the machine does to a server: it goes on answering, or it comes back by itself."""

import resource
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from api.transport.server import OTHER_FILES
from tests.helpers.server import connect, fetch, running
from tests.helpers.waiting import unless, until

ROW, ANSWER = b'{"X":[5.1,3.5,1.4,0.2]}', b'{"score":[0]}'
ROWS = b'{"X":[[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,0.2]]}'
UPLOAD = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n%s\r\n--b--\r\n'
CSV = b"sepal_length,sepal_width,petal_length,petal_width\n" + b"5.1,3.5,1.4,0.2\n" * 50_000
NO_DISK = """
mount -t tmpfs -o size=64k none "$0" && ! head -c 1m /dev/zero 2> /dev/null > "$0/all"
mount -o remount,bind,ro / && exec "$@"
"""


def within(*kinds):
    """Return a command that starts another one in namespaces of its own."""
    command = ("unshare", *kinds)
    there = shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    unless(there, "no namespaces of one's own here: that needs root")
    return command


def files(server):
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer():
    # Without a buffer, as in the image: Python's own last flush would fail, and change the exit code.
    settings = {"log_level": "debug", "pythonunbuffered": 1}
    with Path("/dev/full").open("w") as full, running(log=full, **settings) as server:
        assert fetch(f"{server.url}/score", ROW).body == ANSWER
        assert fetch(f"{server.url}/score", b"{}").status == 400
        server.terminate()
        assert server.wait(20) == 0


def test_a_full_disk_and_one_that_takes_nothing_do_not_matter(tmp_path):
    there = within("--mount")
    with running(*there, "sh", "-c", NO_DISK, tmp_path, tmpdir=tmp_path, home=tmp_path) as server:
        assert fetch(f"{server.url}/score", ROWS).status == 200
        for path in ("/", "/model", "/openapi.json"):
            assert fetch(server.url + path, headers={"Accept": "text/html"}).status == 200
        for path in ("/predict_file", "/batch"):
            assert fetch(server.url + path, PART % CSV, UPLOAD).status == 200


ALONE = f"""
import fcntl, socket, struct
from tests.helpers.server import fetch, running
with socket.socket() as any_one:
    # SIOCSIFFLAGS, IFF_UP: in a new namespace even the way to oneself is closed.
    fcntl.ioctl(any_one, 0x8914, struct.pack("16sh22x", b"lo", 1))
with running() as server:
    assert fetch(server.url + "/score", {ROWS!r}).status == 200
    assert fetch(server.url + "/model").status == 200
"""


def test_it_needs_no_network_and_no_names():
    command = [*within("--net"), sys.executable, "-c", ALONE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_tells_nobody_what_it_serves_and_keeps_nothing(tmp_path, monkeypatch):
    """ONNX Runtime would: an identifier and a store of what is to be sent, unless it believes itself to be tested."""
    for name in ("CI", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with running(home=tmp_path) as server:
        assert fetch(f"{server.url}/score", ROWS).status == 200
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_was_stopped_answers_all_who_waited():
    with running(log_level="error") as server, ThreadPoolExecutor(40) as callers:
        assert fetch(f"{server.url}/score", ROW).body == ANSWER
        server.send_signal(signal.SIGSTOP)
        waiting = [callers.submit(fetch, f"{server.url}/score", ROW) for _ in range(200)]
        # Longer than the limit of the queue wait: it looks like an overload until the next measurement.
        with suppress(TimeoutError):
            waiting[0].result(3)
        server.send_signal(signal.SIGCONT)
        assert {each.result(20).status for each in waiting} <= {200, 503}
        assert fetch(f"{server.url}/readyz").status == 200
        until(lambda: all(fetch(f"{server.url}/score", ROW).body == ANSWER for _ in range(100)), "good answers", 30)


@pytest.mark.parametrize("limit", [OTHER_FILES, 128])
def test_a_process_of_few_files_does_not_run_out_of_them(limit):
    unless(shutil.which("prlimit"), "prlimit is not here")
    with running("prlimit", f"--nofile={limit}:{limit}", log_level="error", max_queue_seconds=0) as server:
        with ExitStack() as idle:
            for _ in range(200):
                idle.enter_context(connect(server.url))
            assert fetch(f"{server.admin}/livez").status == 200
            assert files(server) < limit
        for path in ("/model", "/openapi.json", "/batch"):
            assert fetch(server.url + path).status == 200
        assert fetch(f"{server.url}/score", ROWS).status == 200


def test_as_many_files_as_there_may_be_are_asked_for():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    unless(shutil.which("prlimit") and not 0 <= hard < 2048, "prlimit is not here, or hardly a file is allowed")
    with running("prlimit", "--nofile=256:2048") as server:
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        assert [line.split()[3:5] for line in limits.splitlines() if "open files" in line] == [["2048", "2048"]]
