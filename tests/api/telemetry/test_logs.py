"""Log lines are JSON, at or above their level, and never an error of their own."""

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic

import pytest

from api.telemetry.logs import LEVELS, MAX_FIELD, MAX_LINES, Log
from tests.api.telemetry.test_metrics import samples


@pytest.mark.parametrize("level", LEVELS)
def test_lines_below_the_level_are_left_out(level):
    stream = io.StringIO()
    log = Log(level, stream)
    for each in LEVELS:
        log.write(each, "event", number=1)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == list(LEVELS)[list(LEVELS).index(level) :]
    assert all(line.keys() == {"time", "level", "event", "number"} for line in lines)


def test_a_stream_that_cannot_be_written_is_ignored():
    closed = io.StringIO()
    closed.close()
    Log("info", closed).write("info", "event")


def test_a_log_that_cannot_be_written_is_counted_and_reported_once_it_can():
    stream = io.StringIO()
    log = Log("info", stream)
    stream.write = lambda _: (_ for _ in ()).throw(OSError(28, "no space"))
    for _ in range(3):
        log.write("info", "event")
    assert log.dropped == 3
    del stream.write
    log.write("info", "event")
    log.write("info", "event")
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in found] == ["log_lines_dropped", "event", "event"]
    assert found[0]["lines"] == 3


def test_what_json_cannot_hold_is_written_as_text_and_a_long_field_is_cut():
    stream = io.StringIO()
    log = Log("info", stream)
    log.write("info", "event", text="half \ud800 of it", thing=object(), long="a" * 10**6 + "b")
    line = json.loads(stream.getvalue())
    assert line["text"] == "half ? of it"
    assert len(line["long"]) < 2 * MAX_FIELD
    assert (line["long"][0], line["long"][-1]) == ("a", "b")


@pytest.fixture
def pipe():
    """Give a pipe: its reading end, and a stream that writes into it."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", 0) as reader, os.fdopen(write, "w") as stream:
        yield reader, stream


def lines_of(reader, found):
    """Read until the other end is closed."""
    while part := reader.read(777):
        found.append(part)


def test_lines_of_many_threads_never_mix_however_long(pipe, monkeypatch):
    monkeypatch.setattr("api.telemetry.line_writer.MAX_WAIT_SECONDS", 20)
    reader, stream = pipe
    log, found = Log("info", stream), []
    reading = Thread(target=lines_of, args=(reader, found))
    reading.start()
    texts = ["x" * 10, "y" * 3000, "z" * 15_000]
    with ThreadPoolExecutor(12) as pool:
        for number in range(300):
            pool.submit(log.write, "info", "event", number=number, text=texts[number % 3])
    stream.close()
    reading.join(20)
    lines = [json.loads(line) for line in b"".join(found).splitlines()]
    events = [line for line in lines if line["event"] == "event"]
    assert (len(events), log.dropped) == (300, 0)
    assert all(line["text"] == texts[line["number"] % 3] for line in events)


def test_a_reader_that_does_not_read_keeps_nobody_waiting(pipe):
    reader, stream = pipe
    log = Log("info", stream)
    start = monotonic()
    with ThreadPoolExecutor(8) as pool:
        for number in range(400):
            pool.submit(log.write, "info", "event", number=number, text="x" * 9000)
    assert monotonic() - start < 5
    dropped = log.dropped
    assert 300 < dropped < 400
    found = []
    reading = Thread(target=lines_of, args=(reader, found))
    reading.start()
    end = monotonic() + 20
    while b"after" not in b"".join(found) and monotonic() < end:
        log.write("info", "after")
    stream.close()
    reading.join(20)
    lines = [json.loads(line) for line in b"".join(found).splitlines()]
    assert any(line["event"] == "log_lines_dropped" and line["lines"] >= dropped for line in lines)
    assert [line["event"] for line in lines].count("event") == 400 - dropped


def test_no_thread_waits_for_another_that_writes():
    writing, free = Event(), Event()

    class Slow(io.StringIO):
        def write(self, text):
            writing.set()
            assert free.wait(20)
            return super().write(text)

    log = Log("info", stream := Slow())
    first = Thread(target=log.write, args=("info", "first"))
    first.start()
    assert writing.wait(20)
    for number in range(MAX_LINES + 5):
        log.write("info", "next", number=number)
    free.set()
    first.join()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["number"] for line in lines if line["event"] == "next"] == list(range(MAX_LINES))
    assert [line["lines"] for line in lines if line["event"] == "log_lines_dropped"] == [log.dropped] == [5]


def test_a_line_is_one_write(tmp_path, monkeypatch):
    written, real = [], os.write
    monkeypatch.setattr("os.write", lambda to, content: written.append(content) or real(to, content))
    with (tmp_path / "log").open("w") as stream:
        Log("info", stream).write("info", "event", text="x" * 9000)
    (content,) = written
    assert json.loads(content)["event"] == "event"
    assert content.endswith(b"}\n")


def test_dropped_lines_have_a_metric(make_client):
    client = make_client("iris")
    client.service.log.dropped = 5
    assert samples(client)["log_lines_dropped_total",] == 5
