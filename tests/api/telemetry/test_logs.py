"""Log lines are JSON, at or above their level, and never an error of their own."""

import io
import json

import pytest

from api.telemetry.logs import LEVELS, Log


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
