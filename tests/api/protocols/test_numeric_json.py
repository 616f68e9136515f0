"""A long list of numbers that is read without Python objects means what the ordinary decoder and reader make of it."""

import json
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline import routes
from api.protocols import numeric_json
from api.protocols.message import Request
from model.schema.input_form import Input
from model.schema.readers import reader
from model.schema.signature import Feature, Signature, Target
from tests.helpers.server import model

KEYS = Signature(
    task="regression", targets=(Target(name="y"),),
    features=(Feature(name="data", type="number"), Feature(name="X", type="boolean")),
)  # fmt: skip
MODELS = Models([model(name) for name in ("iris", "purchase", "echo")], 1000)
MODELS.by_name["keys"] = SimpleNamespace(
    manifest=model("iris").manifest, signature=KEYS, reader=reader(KEYS, Input("matrix", "float32"))
)
WIDTHS = {"iris": 4, "purchase": 3, "echo": 1, "keys": 2}
NAMES = {name: list(MODELS.get(name).signature.names) for name in WIDTHS}
OPERATIONS = {
    "score": routes.SCORE_ROWS, "predict": routes.PREDICT_ROWS, "v1": routes.PREDICT_V1, "mlflow": routes.INVOCATIONS,
    "v2": routes.INFER,
}  # fmt: skip
FRAMES = {
    "score": ['{"X":@}', ' { "X" : @ } ', '{"note":[1,2],"X":@}', '{"X":@,"X":@}', '{"X":@,"more":[1,2,3,4,5,6,7]}'],
    "predict": ['{"input":@}', '{"data":@}', "@", '{"inputs":@,"age":1}', '{"age":@}', '{"x":@}', '{"input":{"x":@}}'],
    "v1": ['{"instances":@}', '{"inputs":@,"instances":3}', '{"inputs":[{"data":@}]}', '{"instances":{"instances":@}}'],
    "mlflow": ['{"dataframe_split":{"columns":#,"data":@}}', '{"dataframe_split":{"data":@,"index":[0,1],"columns":#}}',
               '{"instances":@}', '{"inputs":@}', '{"inputs":{"x":@}}', '{"dataframe_records":@}'],
    "v2": ['{"id":"1","inputs":[{"name":"T","shape":%,"datatype":"FP64","data":@}]}',
           '{"id":"1","inputs":[{"data":@,"shape":%,"name":"T","datatype":"FP32"}]}',
           '{"id":"1","inputs":[{"name":"x","shape":%,"datatype":"INT64","data":@}]}',
           '{"id":"1","inputs":[{"name":"T","shape":%,"datatype":"BOOL","data":@},{"name":"T","data":[]}],"outputs":[]}'],
}  # fmt: skip
plain = st.integers(-99, 99).map(str) | st.floats(-1e3, 1e3).map(repr)
odd = st.sampled_from(
    ["null", "true", '"1"', "NaN", "Infinity", "-0", "-0.0", "01", "1.", ".5", "+1", "1e5", "1E+400", "1e-400", "4e38",
     "16777217", "9007199254740992", "9007199254740993", "-9007199254740993",
     "18446744073709551615", "1" * 30, "9" * 400,
     "[1]", "[]", "{}", '{"a":1}', "", " 1 ", "\n2", "0x1", "5e-324", "1.7976931348623157e308", "0.1e1", "2]", "[2",
     "\x00", "é", "\\"]
) | st.floats().map(json.dumps) | st.integers().map(str)  # fmt: skip


@st.composite
def requests(draw):
    """A body of one of the protocols, whose rows are mostly right."""
    name, protocol = draw(st.sampled_from(sorted(WIDTHS))), draw(st.sampled_from(sorted(OPERATIONS)))
    width = WIDTHS[name]
    cells = plain if draw(st.booleans()) else plain | odd
    sizes = st.just(width) if draw(st.booleans()) else st.integers(0, width + 1)
    rows = draw(st.lists(sizes.flatmap(lambda n: st.lists(cells, min_size=n, max_size=n)), max_size=6))
    comma = draw(st.sampled_from([",", ", ", " ,\n"]))
    lists = rows if draw(st.integers(0, 4)) else None
    if lists is None:
        text = f"[{comma.join(cell for row in rows for cell in row)}]"
    else:
        end = draw(st.sampled_from(["", "", "", ",", "]", " "]))
        text = f"[{comma.join(f'[{comma.join(row)}]' for row in rows)}{end}]"
    shape = draw(st.sampled_from([[len(rows), width], [len(rows) * width], [len(rows), 1]]))
    columns = draw(st.permutations(NAMES[name]) | st.just(NAMES[name]) | st.just(["a"] * width))
    frame = draw(st.sampled_from(FRAMES[protocol]))
    body = frame.replace("%", str(shape)).replace("#", json.dumps(columns)).replace("@", text)
    return name, protocol, draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"])) + body.encode()


def outcome(name, protocol, body):
    """Return the model's input, or the refusal."""
    operation, served = OPERATIONS[protocol], MODELS.get(name)
    question = None
    try:
        question = operation.decode(served, Request(body, {"CONTENT_TYPE": "application/json"}))
        table = MODELS.read(served, question.rows, question.names)
    except ApiError as error:
        error = error if question is None else operation.adapt_error(error, served, question)
        return error.status, error.code, error.message, error.details
    return table.dtype, table.shape, table.tobytes()


def both(name, protocol, body):
    """Return the outcomes with and without arrays."""
    found = []
    for smallest, piece in ((0, 5), (0, 1 << 16), (1 << 40, 5)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(numeric_json, "SMALL_BODY", smallest)
            patched.setattr(numeric_json, "PIECE_SIZE", piece)
            found.append(outcome(name, protocol, body))
    return found


LONG = b",12345" * 5


@given(requests())
@example(("iris", "score", b'{"X":[[1,2,3,4],[1,2,[3],4]]}'))
@example(("iris", "score", b'{"X":[[1,2,3,4],,[1,2,3,4]]}'))
@example(("iris", "score", b'{"X":[[1,2,3,4],[1,2,9007199254740993,4]]}'))
@example(("iris", "score", b'{"X":[[1,2,3,4],[1,2,9007199254740993.0,4]]}'))
@example(("iris", "score", b'\xef\xbb\xbf{"X":[[1,2,3,4],[5,6,7,8]]}'))
@example(("keys", "predict", b'{"data":[[1,2],[3,4]]}'))
@example(("keys", "predict", b'{"X":[[1,2],[3,4]],"data":2}'))
@example(("keys", "score", b'{"X":[[1e39,2],[3,4]]}'))
@example(("keys", "score", b'{"X":[[1],[2,3,4]]}'))
@example(("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[8],"datatype":"FP64","data":[1,2,3%b,]}]}' % LONG))
@example(("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[8],"datatype":"FP64","data":[1,2,3,4,5,6,7,8,]}]}'))
@example(("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[8],"datatype":"FP64","data":[1,2,3,4,5,6,[7],8]}]}'))
@example(
    ("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[2,4],"datatype":"INT8","data":[1,2,3,4,5,6.0,7,8]}]}')
)
@example(
    ("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[8],"datatype":"FP32","data":[1,2,3,4,16777217,6,7,8]}]}')
)
@example(("iris", "score", b'{"X":[[1,2,3,4],[5,6,7,8]]}\xff'))
@example(("iris", "score", b'{"X":[[1,2,3,4],[5,6,7,8]],"\xff":1}'))
@example(("iris", "score", b'{"X":[[1,2,3,4],[5,6,7,8]],"a":' + b"[" * 2000 + b"]" * 2000 + b"}"))
@example(("iris", "score", b'{"X":' + b"[" * 2000 + b"]" * 2000 + b"}"))
@example(
    ("iris", "v2", b'{"id":"1","inputs":[{"name":"T","shape":[8],"datatype":"FP64","data":[[1,2,3,4],[5,6,7,8]]}]}')
)
def test_the_array_is_what_the_ordinary_reader_makes_or_refuses(request_):
    with_small_pieces, with_pieces, ordinary = both(*request_)
    assert with_small_pieces == ordinary
    assert with_pieces == ordinary


@pytest.mark.parametrize(
    ("protocol", "frame"),
    [
        ("score", '{"X":@}'),
        ("predict", '{"data":@}'),
        ("predict", '{"dataframe_split":{"columns":#,"data":@}}'),
        ("v1", '{"instances":@}'),
        ("mlflow", '{"inputs":@}'),
        ("mlflow", '{"dataframe_split":{"data":@,"columns":#}}'),
        ("v2", '{"inputs":[{"name":"T","shape":[100,4],"datatype":"FP64","data":@}]}'),
        ("v2", '{"inputs":[{"name":"T","shape":[100,4],"datatype":"FP64","data":[~]}]}'),
        ("v2", '{"inputs":[{"name":"T","shape":[100,4],"data":@,"datatype":"FP32"}],"outputs":[{"name":"predict"}]}'),
    ],
)
def test_many_rows_of_numbers_become_an_array(protocol, frame):
    rows = np.random.default_rng(0).normal(size=(100, 4)).tolist()
    text = json.dumps(rows)
    frame = frame.replace("~", text.replace("[", "").replace("]", ""))
    body = frame.replace("@", text).replace("#", json.dumps(NAMES["iris"])).encode()
    question = OPERATIONS[protocol].decode(MODELS.get("iris"), Request(body))
    assert isinstance(question.rows, np.ndarray)
    assert np.allclose(question.rows, rows)


MEASURED = """
import resource, sys
from api.protocols.numeric_json import decode_rows
from tests.helpers.server import model
served, body = model("iris"), open(sys.argv[1], "rb").read()
served.reader(decode_rows(served, body[: body.index(b"]") + 1] + b"]}")["X"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = served.reader(decode_rows(served, body)["X"])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / len(body))
"""


def test_a_batch_needs_less_than_three_times_its_bytes_beside_them(tmp_path):
    drawn = random.Random(0)
    rows = [[round(drawn.uniform(0, 9), 2) for _ in range(4)] for _ in range(400_000)]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"X": rows}))
    found = subprocess.run(
        [sys.executable, "-c", MEASURED, body], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(found.stdout) < 3
