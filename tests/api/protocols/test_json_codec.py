"""A large body is read piece by piece, and means what it would mean in one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import ApiError
from api.protocols import json_codec

cells = st.none() | st.integers(-9, 9) | st.text('],[}{\\"1', max_size=6)
inner = st.recursive(cells, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("a],", max_size=2), each))
pairs = st.tuples(
    st.sampled_from(['"a"', '"\\u0061"', '":"', '"X"']), st.sampled_from(["1", '":"', '"\\u003a"', "[{}]"])
)
objects = st.lists(pairs, max_size=3).map(lambda each: "{" + ",".join(f"{key}:{value}" for key, value in each) + "}")
nested = st.lists(objects, max_size=3).map(lambda each: f'{{"X":[{",".join(each)}]}}') | objects
bodies = st.dictionaries(st.sampled_from(["X", "data", "columns"]), st.lists(inner, max_size=12) | inner).map(
    json.dumps
)


@pytest.fixture(autouse=True, scope="module")
def _small_steps():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_codec, "LARGE_BODY", 8)
        patched.setattr(json_codec, "PIECE_SIZE", 5)
        patched.setattr(json_codec, "MAX_TRIES", 3)
        yield


def unique(pairs):
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def whole(body):
    try:
        found = json_codec._decoder.decode(body)
        json.loads(body, object_pairs_hook=unique)
    except Exception:
        return "refused"
    return found


@given(bodies | nested | st.text('{}[]",:X1 ', max_size=40))
@example('{"X": [[1],[2],[3],]}')
@example('{"X": [[1] ,[2] ,[3] ]} ')
@example('{"X": [["],[",1],{"a":"},{"}]}')
def test_piece_by_piece_is_the_same_as_at_once(text):
    body = text.encode()
    try:
        found = json_codec.decode_json(body)
    except ApiError as failure:
        found = "refused" if failure.status == 400 else failure
    assert found == whole(body)


FLOWER = '"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2'
TENSOR = '{"name":"X","shape":[1,4],"datatype":"FP64","data":[1,2,3,4]%s}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/score", '{"X":[1,2,3,4],"X":[5.1,3.5,1.4,0.2]}'),
        ("/score", '{"X":[1,2,3,4],"\\u0058":[5.1,3.5,1.4,0.2],"note":"\\u003a"}'),
        ("/score", f'{{"X":{{"sepal_length":1,{FLOWER}}}}}'),
        ("/score", f'{{"X":[{{{FLOWER}}},{{"petal_width":1,{FLOWER}}}]}}'),
        ("/predict", f'{{"sepal_length":1,{FLOWER}}}'),
        ("/predict", f'[{{{FLOWER},"petal_width":1}}]'),
        ("/v1/models/iris:predict", f'{{"instances":[[{{{FLOWER},"petal_width":1}}]]}}'),
        ("/v1/models/iris:predict", '{"instances":[[1,2,3,4]],"instances":[]}'),
        ("/invocations", f'{{"dataframe_records":[{{{FLOWER},"petal_width":1}}]}}'),
        ("/invocations", '{"inputs":{"sepal_length":[1],"sepal_length":[2],"sepal_width":[1],"petal_length":[1]}}'),
        ("/v2/models/iris/infer", '{"inputs":[%s]}' % (TENSOR % ',"data":[5.1,3.5,1.4,0.2]')),
        ("/v2/models/iris/infer", '{"inputs":[],"inputs":[%s]}' % (TENSOR % "")),
        ("/explain", f'{{"X":[{{{FLOWER},"petal_width":1}}]}}'),
    ],
)
@pytest.mark.parametrize("padding", [0, 20])
def test_a_key_twice_is_refused_by_every_protocol(path, body, padding, make_client):
    answer = make_client().post(path, (body + " " * padding).encode(), {"Content-Type": "application/json"})
    assert answer.status == 400, answer.body


def test_colons_in_texts_are_no_keys(make_client):
    row = {
        "tenure_months": 1,
        "monthly_charges": 9,
        "support_calls": 1,
        "contract": "a:b",
        "internet": '":"',
        "payment": ":",
    }
    assert make_client("churn").post("/score", {"X": [row, row], "note:": ":"}).status == 200
