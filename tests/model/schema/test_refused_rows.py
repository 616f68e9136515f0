"""What does not fit a signature is refused, and every fault is named at once."""

import numpy as np
import pytest

from model.schema.readers import ColumnReader, MatrixReader
from model.schema.signature import MISSING_TEXT, Feature, SignatureError
from tests.helpers.schemas import DTYPES, INFINITY, MIXED, NAN, PLAIN, RECORD, faults, number, signature


def test_names_that_do_not_fit_are_refused():
    read = MatrixReader(PLAIN)
    assert faults(read, [[3, 1, 2]], "caz") == [(0, "b", "missing"), (0, "z", "unknown")]
    assert faults(read, [[3, 1]], "ca") == [(0, "b", "missing")]
    assert faults(read, [[3, 1, 2]], "caa") == [(None, None, "shape")]
    assert faults(read, [[3, 1]], "cab") == faults(read, [RECORD], "abc") == [(0, None, "width")]


@pytest.mark.parametrize("rows", [[1, 2], [[1, 2]], [[1, 2, 3], [1, 2]], np.ones((2, 2)), np.ones(2)])
def test_a_wrong_width_tells_both_numbers(rows):
    with pytest.raises(SignatureError, match="expected 3 values, got 2"):
        MatrixReader(PLAIN)(rows)


@pytest.mark.parametrize("rows", [None, True, "x", 7, NAN, np.array(1.0), np.ones((1, 1, 3)), np.ones((1, 3), complex)])
def test_what_is_no_table_is_refused(rows):
    assert faults(MatrixReader(PLAIN), rows) == [(None, None, "shape")]


def test_every_fault_is_named_at_once():
    rows = [{"a": 1, "b": "2", "d": 3}, [1, 2], [True, 2, 3], 7, [1, 2, 3]]
    wrong = {(0, "c", "missing"), (0, "d", "unknown"), (0, "b", "type")}
    wrong |= {(1, None, "width"), (2, "a", "type"), (3, None, "shape")}
    assert set(faults(MatrixReader(PLAIN), rows)) == wrong


WRONG = {"type": [True, "1", "", [1], {"a": 1}], "finite": [INFINITY, -INFINITY, 10**400, -(10**400)]}


@pytest.mark.parametrize(("code", "values"), WRONG.items())
def test_only_finite_numbers_are_numbers(code, values):
    for value in values:
        assert faults(MatrixReader(PLAIN), [1, value, 3]) == [(0, "b", code)]
        assert faults(MatrixReader(PLAIN), [[1, 2, 3], [1, value, 3]]) == [(1, "b", code)]


def test_what_float32_cannot_hold_is_refused_for_float32_only():
    assert faults(MatrixReader(PLAIN, "float32"), [1, 1e39, -1e39]) == [(0, "b", "finite"), (0, "c", "finite")]
    assert faults(MatrixReader(PLAIN, "float32"), np.array([[1, 1e39, 0]])) == [(0, "b", "finite")]
    assert MatrixReader(PLAIN)([1, 1e308, 1e308]).tolist() == [[1, 1e308, 1e308]]


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 + 1, 10**23])
def test_whole_numbers_that_floats_cannot_hold_are_refused(value):
    for dtype in DTYPES:
        read = MatrixReader(PLAIN, dtype)
        for rows in ([1, value, 3], [[1, value, 3]], {"a": 1, "b": value, "c": 3}):
            assert faults(read, rows) == [(0, "b", "finite")]
        assert faults(read, [[1, 2, 3], [1, value, 3]]) == [(1, "b", "finite")]
        assert read([1, float(value), 3]).tolist() == np.array([[1, value, 3]], dtype).tolist()
    assert faults(ColumnReader(MIXED), [value, "Oslo", "x"]) == [(0, "a", "finite")]
    if value < 2**63:
        assert faults(MatrixReader(PLAIN), np.array([[1, value, 3]])) == [(0, "b", "finite")]


def test_whole_numbers_that_floats_hold_are_taken():
    for value in (2**53, 2**53 + 2, 2**60, 10**22):
        assert MatrixReader(PLAIN)([1, value, 3]).tolist() == MatrixReader(PLAIN)([[1, value, 3]] * 2).tolist()[:1]
    assert MatrixReader(PLAIN)(np.array([[1, 2**60, 3]])).tolist() == [[1, 2**60, 3]]


def test_what_stands_for_a_missing_string_is_refused_as_a_string():
    for read in (ColumnReader(MIXED), ColumnReader(MIXED, missing_text=MISSING_TEXT)):
        for rows in (
            [1, "Oslo", MISSING_TEXT],
            [[1, "Oslo", MISSING_TEXT]],
            {"a": 1, "city": "Oslo", "free": MISSING_TEXT},
        ):
            assert faults(read, rows) == [(0, "free", "type")]
        assert faults(read, [[1, "Oslo", "x"], [1, MISSING_TEXT, "x"]]) == [(1, "city", "type")]


def test_a_date_that_nanoseconds_cannot_count_is_refused():
    for zone in ("", "+00:00"):
        when = Feature(name="when", type="date", dtype=f"datetime64[ns{', UTC' if zone else ''}]")
        read = ColumnReader(signature(when, number("a")))
        assert read([f"2024-01-01T00:00:00{zone}", 1])["when"].dtype.kind == "M"
        for year in ("0001", "1677", "2262", "9999"):
            rows = [[f"2024-01-01T00:00:00{zone}", 1], [f"{year}-12-31T00:00:00{zone}", 1]]
            assert faults(read, rows) == [(1, "when", "finite")]
            assert faults(read, rows[1]) == [(0, "when", "finite")]
    coarse = ColumnReader(signature(Feature(name="when", type="date", dtype="datetime64[us]"), number("a")))
    assert coarse(["9999-12-31", 1])["when"].tolist()[0][0].year == 9999


def test_a_date_that_utc_cannot_hold_is_refused():
    read = ColumnReader(signature(Feature(name="when", type="date", dtype="datetime64[us, UTC]"), number("a")))
    for date in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert faults(read, [date, 1]) == [(0, "when", "finite")]
        assert faults(read, [["2024-01-01T00:00:00Z", 1], [date, 1]]) == [(1, "when", "finite")]
    assert read(["9999-12-31T23:59:59+14:00", 1])["when"].tolist()[0][0].year == 9999


def test_a_column_of_float32_holds_no_larger_number():
    read = MatrixReader(signature(number("a", dtype="float32"), number("b")))
    assert read([1, 3e38]).tolist() == [[1, 3e38]]
    for rows in ([1e39, 1], [[1, 1], [1e39, 1]], {"a": 1e39, "b": 1}, np.array([[1e39, 1]])):
        assert [fault[1:] for fault in faults(read, rows)] == [("a", "finite")]


def test_names_are_looked_at_even_without_rows():
    assert faults(MatrixReader(PLAIN), [], ["a", "z"]) == [
        (None, "b", "missing"), (None, "c", "missing"), (None, "z", "unknown")
    ]  # fmt: skip
    assert MatrixReader(PLAIN)([], list("cab")).shape == (0, 3)


FLOODS = {
    "types": ([[True, True, True]] * 100_000, None),
    "missing": ([{}] * 100_000, None),
    "shapes": ([[], 7] * 50_000, None),
    "unknown": ([dict.fromkeys(map(str, range(100_000)))], None),
    "beside names": ([[1, 2]] * 100_000, "abc"),
}


@pytest.mark.parametrize("reader", [MatrixReader(PLAIN), ColumnReader(MIXED)])
@pytest.mark.parametrize(("rows", "names"), FLOODS.values(), ids=FLOODS)
def test_many_faults_cost_little(reader, rows, names):
    with pytest.raises(SignatureError) as raised:
        reader(rows, names)
    assert len(raised.value.problems) == 50
    assert raised.value.total < 2200
    assert len(str(raised.value)) < 1000
