"""The shipper: each segment becomes Parquet once, whatever is killed, and is deleted when that is there."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from time import monotonic, sleep

import msgspec
import pytest

from api.settings import Settings
from api.telemetry.logs import Log
from api.telemetry.prediction_log import PredictionLog
from model.bundle.files import DEFAULT_ROOT, read
from model.prediction_log.layout import column_names
from model.prediction_log.ship import Shipper
from model.prediction_log.store import Store
from model.schema.signature import Feature
from model.segments import FORMAT, Header, LoggedModel, Scored, finish_abandoned
from tests.helpers.logged import ship, stored
from tests.helpers.waiting import until

IRIS = read(DEFAULT_ROOT, "iris").manifest


def segment(folder, number, rows=1):
    """Write a finished segment with so many one-row requests."""
    folder.mkdir(exist_ok=True)
    header = Header(FORMAT, {"iris": LoggedModel(IRIS.version, IRIS.signature)})
    records = [
        Scored(f"{number}-{row}", 1795000000.0 + row, 0.001, "iris", "/score", [5.1, 3.5, 1.4, 0.2], [0])
        for row in range(rows)
    ]
    path = folder / f"{number:020d}-0000.jsonl"
    path.write_bytes(msgspec.json.Encoder().encode_lines([header, *records]))
    return path


@contextmanager
def shipper(folder, store, *options, module="model.prediction_log"):
    settings = {"PREDICTION_LOG": str(folder), "PREDICTION_LOG_STORE": str(store)}
    command = [sys.executable, "-m", module, *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=os.environ | settings, stdin=pipe, stderr=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ids(store):
    return sorted(each["request_id"] for each in stored(store))


def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    for number in range(60):
        segment(log, number, rows=200)
    with shipper(log, store, module="model.prediction_log.worker") as process:
        end = monotonic() + 60
        while len(list(log.iterdir())) > 57 and monotonic() < end:
            sleep(0.001)
        process.kill()
        process.wait()
    left = len(list(log.iterdir()))
    assert 0 < left < 60
    with shipper(log, store, "--once") as process:
        assert process.wait(60) == 0
    assert not list(log.iterdir())
    assert ids(store) == sorted(f"{number}-{row}" for number in range(60) for row in range(200))


def test_a_segment_that_was_shipped_but_not_deleted_is_not_doubled(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    whole = segment(log, 1, rows=3).read_bytes()
    ship(log, store)
    (log / f"{1:020d}-0000.jsonl").write_bytes(whole)
    ship(log, store)
    assert ids(store) == ["1-0", "1-1", "1-2"]


def test_a_store_that_is_away_is_asked_again(tmp_path):
    log, away = tmp_path / "log", tmp_path / "away"
    segment(log, 1)
    away.write_text("a file where a folder should be")
    with shipper(log, away / "store") as process:
        assert json.loads(process.stderr.readline())["event"] == "prediction_log_shipper_started"
        event = json.loads(process.stderr.readline())
        assert (event["event"], "away" in event["reason"]) == ("prediction_log_not_shipped", True)
        assert list(log.iterdir())
        away.unlink()
        until(lambda: not list(log.iterdir()), "the segment is shipped")
        until(lambda: ids(away / "store") == ["1-0"], "the row is there")


def test_sigterm_ships_what_is_left(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    log.mkdir()
    service = PredictionLog(log, [], Settings(prediction_log_seconds=3600), Log("error"))
    service.add_truth("a", None, [1])
    with shipper(log, store) as process:
        json.loads(process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        # A process still writes: its rows are waited for.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        service.close()
        assert process.wait(30) == 0
    assert [each["truth"] for each in stored(store, "feedback")] == ["1"]
    assert not list(log.iterdir())


def test_what_a_process_left_that_ended_while_it_opened_a_segment_is_removed(tmp_path):
    begun, left = tmp_path / "1.new", tmp_path / "2.new"
    begun.touch()
    left.touch()
    os.utime(left, (1, 1))
    assert finish_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [begun]


def test_a_cut_line_is_no_record_and_a_broken_file_keeps_nobody_waiting(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    broken, cut = segment(log, 1), segment(log, 2, rows=2)
    broken.write_text("no JSON\n")
    cut.write_bytes(cut.read_bytes()[:-10])
    ship(log, store)
    assert ids(store) == ["2-0"]
    assert [path.suffix for path in log.iterdir()] == [".unreadable"]


UNFIT = {
    "a row too many": Scored("bad", 1795000000.5, 0.001, "iris", "/score", [[5.1, 3.5, 1.4, 0.2]] * 2, [0]),
    "a text": Scored("bad", 1795000000.5, 0.001, "iris", "/score", ["long", 3.5, 1.4, 0.2], [0]),
    "columns that differ": Scored("bad", 1795000000.5, 0.001, "iris", "/", {"a": [1]}, [0], by_column=True),
    "an unknown model": Scored("bad", 1795000000.5, 0.001, "other", "/score", [1], [0]),
    "no record": ["scored", 5],
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_record_that_cannot_be_read_costs_no_other(kind, tmp_path):
    log, store, events = tmp_path / "log", tmp_path / "store", []
    lines = segment(log, 1, rows=7).read_bytes().splitlines()
    lines[4:4] = [msgspec.json.encode(UNFIT[kind])]
    (log / f"{1:020d}-0000.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    Shipper(log, Store(str(store)), log=lambda _, event, **facts: events.append((event, facts))).ship_all()
    assert ids(store) == [f"1-{row}" for row in range(7)]
    assert [path.suffix for path in log.iterdir()] == [".unreadable"]
    assert [event for event, _ in events] == ["prediction_log_unreadable", "prediction_log_shipped"]
    assert (events[0][1]["faults"], events[1][1]["rows"]) == (1, 7)


EQUAL = {
    "numbers": (Feature(name="a", type="number"), [5, 5.0]),
    "zeros": (Feature(name="a", type="number"), [0, -0.0, 0.0]),
    "large numbers": (Feature(name="a", type="number"), [2**60, 2.0**60]),
    "exact numbers": (Feature(name="a", type="integer", exact=True), [7, 7.0]),
    "booleans": (Feature(name="a", type="boolean"), [True, 1, 1.0]),
    "dates": (Feature(name="a", type="date"), ["2026-11-28", "2026-11-28T00:00:00"]),
    "dates with a zone": (
        Feature(name="a", type="date", dtype="datetime64[us, UTC]"),
        ["2026-11-28T10:00:00Z", "2026-11-28T12:00:00+02:00"],
    ),
    "missing values": (Feature(name="a", type="number", missing=True), [None]),
}


@pytest.mark.parametrize("kind", EQUAL)
def test_equal_values_have_one_hash_and_others_another(kind, tmp_path):
    log, store, (feature, values) = tmp_path / "log", tmp_path / "store", EQUAL[kind]
    log.mkdir()
    signature = msgspec.structs.replace(IRIS.signature, features=(feature,))
    header = Header(FORMAT, {"it": LoggedModel("1", signature, {"a": "hash"})})
    other = "2026-11-29T00:00:00Z" if "zone" in kind else "2026-11-29" if feature.type == "date" else 9.5
    other = 8 if feature.exact else False if feature.type == "boolean" else other
    records = [Scored("1", 1795000000.0, 0.1, "it", "/", [[each]], [0]) for each in [*values, other]]
    (log / f"{1:020d}-0000.jsonl").write_bytes(msgspec.json.Encoder().encode_lines([header, *records]))
    *equal, last = [each["a"] for each in ship(log, store)]
    assert len(equal) == len(values)
    assert len({*equal}) == 1
    assert last not in equal


def test_unreadable_segments_do_not_fill_the_volume(tmp_path):
    log, store = tmp_path / "log", tmp_path / "store"
    for number in range(9):
        segment(log, number).write_text("no JSON\n")
    ship(log, store)
    assert [path.name for path in sorted(log.iterdir())] == [f"{number:020d}-0000.unreadable" for number in range(4)]


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ((), "PREDICTION_LOG is not set: the folder that the service writes to"),
        (("/nowhere", "x"), "PREDICTION_LOG '/nowhere' is not a folder"),
        (("/tmp",), "PREDICTION_LOG_STORE is not set: s3://BUCKET/FOLDER, or a folder"),
        (("/tmp", "s3://"), "s3:// names no bucket: write s3://BUCKET/FOLDER"),
    ],
)
def test_wrong_settings_are_reported_in_a_sentence(settings, wanted):
    command = [sys.executable, "-m", "model.prediction_log"]
    given = dict(zip(("PREDICTION_LOG", "PREDICTION_LOG_STORE"), settings, strict=False))
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, f"error: {wanted}\n")


def test_a_feature_with_the_name_of_a_column_of_the_log_gets_another():
    features = tuple(Feature(name=name, type="number") for name in ("time", "feature_time", "x", "model"))
    names = column_names(features)
    assert names["x"] == "x"
    assert len({*names.values(), "time", "model"}) == len(features) + 2
