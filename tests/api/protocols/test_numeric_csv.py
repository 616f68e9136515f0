"""Lines of numbers that are read without Python objects mean what the ordinary reader makes of them."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline.routes import PREDICT_FILE
from api.protocols import numeric_csv
from api.protocols.message import Request
from tests.helpers.server import model

MODELS = Models([model(name) for name in ("iris", "echo")], 1000)
NAMES = {name: MODELS.get(name).signature.names for name in ("iris", "echo")}
plain = st.integers(-99, 99).map(str) | st.floats(-1e3, 1e3).map(repr)
odd = st.sampled_from(
    ["", " 1", "1\t", "+1", ".5", "5.", "01", "nan", "null", "true", "[1]", "1],[2", "1]", "{}", "1 2", "1\r", '"1"',
     '"', "é", "\0", "9007199254740993", "1e400", "-0", "1_0", "\x0c1"]
)  # fmt: skip


@st.composite
def files(draw):
    """A file for one of the models, which is mostly right."""
    name = draw(st.sampled_from(sorted(NAMES)))
    width = len(NAMES[name])
    cells = plain if draw(st.booleans()) else plain | odd
    sizes = st.just(width) if draw(st.booleans()) else st.integers(0, width + 1)
    rows = draw(st.lists(sizes.flatmap(lambda n: st.lists(cells, min_size=n, max_size=n)), max_size=6))
    header = draw(st.permutations(NAMES[name]) | st.just([*NAMES[name], "more"]))
    query = draw(st.sampled_from(["", "header=absent"]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    lines = [",".join(line) for line in ([header] if not query else []) + rows]
    text = end.join(lines) + draw(st.sampled_from(["", end, end + end, " "]))
    return name, query, draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode()


def outcome(name, query, body):
    served = MODELS.get(name)
    try:
        question = PREDICT_FILE.decode(served, Request(body, {"CONTENT_TYPE": "text/csv", "QUERY_STRING": query}))
        table = MODELS.read(served, question.rows, question.names)
    except ApiError as error:
        return error.status, error.code, error.message, error.details
    return bool(question.names), table.dtype, table.shape, table.tobytes()


@given(files())
@example(("iris", "header=absent", b"1,2,3,4],[1,2,3,4\n1,2,3,4\n"))
@example(("iris", "header=absent", b"1,2,3,4\n1,2,9007199254740993,4\n"))
@example(("iris", "header=absent", b"1,2,3,4\n1,2\r,3,4\n"))
@example(("echo", "header=absent", b"1\n\n2\n"))
def test_the_array_is_what_the_ordinary_reader_makes_or_refuses(file):
    found = []
    for smallest, piece in ((0, 3), (0, 1 << 15), (1 << 40, 3)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(numeric_csv, "SMALL_BODY", smallest)
            patched.setattr(numeric_csv, "PIECE_SIZE", piece)
            found.append(outcome(*file))
    assert found[0] == found[1] == found[2]


def test_many_lines_of_numbers_become_an_array():
    rows = np.random.default_rng(0).normal(size=(100, 4))
    text = "petal_width,petal_length,sepal_width,sepal_length\n" + "".join(
        f"{','.join(map(repr, r))}\n" for r in rows.tolist()
    )
    question = PREDICT_FILE.decode(MODELS.get("iris"), Request(text.encode(), {"CONTENT_TYPE": "text/csv"}))
    assert isinstance(question.rows, np.ndarray)
    assert np.array_equal(MODELS.read(MODELS.get("iris"), question.rows, question.names), rows[:, ::-1])
