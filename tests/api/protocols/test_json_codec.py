"""A large body is read piece by piece, and means what it would mean in one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import ApiError
from api.protocols import json_codec

cells = st.none() | st.integers(-9, 9) | st.text('],[}{\\"1', max_size=6)
inner = st.recursive(cells, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("a],", max_size=2), each))
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


def whole(body):
    try:
        return json_codec._decoder.decode(body)
    except Exception:
        return "refused"


@given(bodies | st.text('{}[]",:X1 ', max_size=40))
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
