"""JSON rows become what a model takes, or every fault in them is told at once."""

import random
from functools import reduce

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal as same

from model.schema.readers import ColumnReader, MatrixReader
from model.schema.signature import MISSING_TEXT, Feature, Signature, SignatureError, Target


def signature(*features):
    return Signature(task="regression", features=features, targets=(Target(name="y"),))


def number(name, **more):
    return Feature(name=name, type="number", **more)


PLAIN = signature(number("a"), number("b"), Feature(name="c", type="integer"))
GAPS = signature(number("a", missing=True), number("b", missing=True))
SOME_GAPS = signature(number("a", missing=True), number("b"))
ONE = signature(number("x"))
CODED = signature(number("a"), number("code", categories=(1.0, 2.0), closed=True))
GAPPED_CODE = signature(number("a"), number("code", categories=(1.0, 2.0), closed=True, missing=True))
FLAGS = signature(number("a"), Feature(name="flag", type="boolean"))
CITY = Feature(name="city", type="string", categories=("Oslo", "Rome"), closed=True, missing=True)
FREE = Feature(name="free", type="string", categories=("x", "y"))
MIXED = signature(number("a", missing=True), CITY, FREE)
TEXT = signature(Feature(name="text", type="string"))

MATRICES = (PLAIN, GAPS, SOME_GAPS, ONE, CODED, GAPPED_CODE, FLAGS)
DTYPES = ("float32", "float64")
READERS = [MatrixReader(each, dtype) for each in MATRICES for dtype in DTYPES]
READERS += [ColumnReader(each, dtype, MISSING_TEXT) for each in (MIXED, TEXT) for dtype in DTYPES]
NAN, INFINITY = float("nan"), float("inf")
RECORD, OTHER = {"c": 3, "a": 1, "b": 2}, {"a": 4, "b": 5, "c": 6}


def faults(reader, rows, names=None):
    with pytest.raises(SignatureError) as raised:
        reader(rows, names)
    return [(problem.row, problem.feature, problem.code) for problem in raised.value.problems]


ONE_ROW = [[1, 2, 3], [[1, 2, 3]], RECORD, [RECORD], [1.0, 2, 3.0]]
TWO_ROWS = [[[1, 2, 3], [4, 5, 6]], [RECORD, OTHER], [[1, 2, 3], OTHER], np.array([[1, 2, 3], [4, 5, 6]], np.int8)]
NO_ROWS = [[], np.empty((0, 3)), np.empty((0, 3), np.uint8)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("height", "shapes"), [(0, NO_ROWS), (1, ONE_ROW), (2, TWO_ROWS)])
def test_rows_come_in_many_shapes(height, shapes, dtype):
    for rows in shapes:
        same(MatrixReader(PLAIN, dtype)(rows), np.array([[1, 2, 3], [4, 5, 6]], dtype)[:height], strict=True)


def test_a_single_row_is_recognised():
    read = MatrixReader(PLAIN)
    assert [list(read.single(rows)) for rows in ONE_ROW] == [[1, 2, 3]] * len(ONE_ROW)
    others = [[[[1, 2, 3]]], [[1, 2, 3]] * 2, [1, 2], RECORD | {"d": 4}, [{"a": 1}], [], None]
    assert [read.single(rows) for rows in others] == [None] * len(others)


def test_a_model_of_one_feature_takes_each_value_as_a_row():
    same(MatrixReader(ONE)([1, 2, 3]), [[1], [2], [3]])
    same(MatrixReader(ONE)([[1], [2]], names=["x"]), [[1], [2]])
    assert ColumnReader(TEXT)(["some words", "others"])["text"].tolist() == [["some words"], ["others"]]


@pytest.mark.parametrize("names", ["abc", "cab", "bca"])
def test_names_may_come_beside_the_rows(names):
    rows = [[record[name] for name in names] for record in (RECORD, OTHER)]
    same(MatrixReader(PLAIN)(rows, names), [[1, 2, 3], [4, 5, 6]])
    same(MatrixReader(PLAIN)(rows[0], names), [[1, 2, 3]])
    wrong = [[True if name == "b" else 1 for name in names], rows[1]]
    assert faults(MatrixReader(PLAIN), wrong, names) == [(0, "b", "type")]


def test_names_that_do_not_fit_are_refused():
    read = MatrixReader(PLAIN)
    assert faults(read, [[3, 1, 2]], "caz") == [(0, "b", "missing"), (0, "z", "unknown")]
    assert faults(read, [[3, 1]], "ca") == [(0, "b", "missing")]
    assert faults(read, [[3, 1, 2]], "caa") == [(None, None, "shape")]
    assert faults(read, [[3, 1]], "cab") == faults(read, [RECORD], "abc") == [(0, None, "width")]


def test_null_is_nan_where_the_model_takes_it():
    same(MatrixReader(GAPS)([[None, 1], [2, None]]), [[NAN, 1], [2, NAN]])
    for rows in ([None, 1], [[NAN, 1]], np.array([[NAN, 1]])):
        same(MatrixReader(SOME_GAPS)(rows), [[NAN, 1]])
    same(MatrixReader(GAPPED_CODE)(np.array([[1, NAN], [2, 1]])), [[1, NAN], [2, 1]])
    for rows in ([1, None], [1, NAN], np.array([[1, NAN]])):
        assert faults(MatrixReader(SOME_GAPS), rows) == [(0, "b", "null")]


@pytest.mark.parametrize("rows", [[1, 2], [[1, 2]], [[1, 2, 3], [1, 2]], np.ones((2, 2)), np.ones(2)])
def test_a_wrong_width_tells_both_numbers(rows):
    with pytest.raises(SignatureError, match="expected 3 values, got 2"):
        MatrixReader(PLAIN)(rows)


@pytest.mark.parametrize("rows", [None, True, "x", 7, NAN, np.array(1.0), np.ones((1, 1, 3)), np.ones((1, 3), complex)])
def test_what_is_no_table_is_refused(rows):
    assert faults(MatrixReader(PLAIN), rows) == [(None, None, "shape")]


@pytest.mark.parametrize("dtype", ["i1", "u1", "i8", "u8", "f2", "f4", ">f8"])
@pytest.mark.parametrize("read", [MatrixReader(FLAGS), MatrixReader(GAPS, "float32")])
def test_tensors_of_every_kind_of_number_are_read(dtype, read):
    array = np.array([[1, 0], [0, 1]], dtype)
    same(read(array), np.eye(2, dtype=read.dtype), strict=True)
    same(read(array[:0]), np.empty((0, 2), read.dtype), strict=True)


def test_every_fault_is_told_at_once():
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


def test_closed_categories_name_what_is_known_and_open_ones_pass():
    assert MatrixReader(CODED)([5, 1]).tolist() == [[5, 1]]
    assert faults(MatrixReader(CODED), [5, 3]) == [(0, "code", "category")]
    assert ColumnReader(MIXED)([1, "Rome", "new"])["free"].tolist() == [["new"]]
    with pytest.raises(SignatureError, match=r"row 0, city: is not one of the categories .*\(Oslo, Rome\)"):
        ColumnReader(MIXED)([1, "Paris", "x"])


def test_booleans_are_for_boolean_features():
    assert MatrixReader(FLAGS)([[1, True], [2, 0]]).tolist() == [[1, 1], [2, 0]]
    assert faults(MatrixReader(FLAGS), [1, "true"]) == [(0, "flag", "type")]
    assert faults(MatrixReader(FLAGS), np.array([[True, True]])) == [(0, "a", "type")]


def test_columns_have_one_array_a_feature():
    columns = ColumnReader(MIXED, missing_text=MISSING_TEXT)([[1, "Oslo", "x"], {"free": "y", "city": None, "a": None}])
    assert {name: column.shape for name, column in columns.items()} == dict.fromkeys(("a", "city", "free"), (2, 1))
    assert columns["city"].ravel().tolist() == ["Oslo", MISSING_TEXT]
    same(columns["a"].ravel(), [1, NAN])
    arrays = {"city": np.array(["Rome"], object), "a": np.array([2.0]), "free": np.array(["z"], object)}
    assert ColumnReader(MIXED)(arrays)["city"].tolist() == [["Rome"]]


def test_null_is_a_missing_string_and_nan_is_none():
    assert faults(ColumnReader(MIXED), [1, "Oslo", None]) == [(0, "free", "null")]
    for rows in ([1, NAN, "x"], [[1, NAN, "x"], [1, "Oslo", "x"]]):
        assert faults(ColumnReader(MIXED), rows) == [(0, "city", "type")]


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


finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
whole = st.integers(-(2**24), 2**24)
cities = st.sampled_from(["Oslo", "Rome", None])
chances = st.randoms(use_true_random=False)


@given(st.lists(st.tuples(finite, finite | whole, whole), min_size=1, max_size=6), chances)
@example([(0.1, 0.2, 3)], random.Random(0))
def test_rows_read_the_same_whichever_way_they_come(rows, chance):
    rows = [list(row) for row in rows]
    order = chance.sample("abc", 3)
    named = [dict(chance.sample(list(zip("abc", row, strict=True)), 3)) for row in rows]
    beside = [[row["abc".index(name)] for name in order] for row in rows]
    mixed = [chance.choice(pair) for pair in zip(rows, named, strict=True)]
    for dtype in DTYPES:
        read = MatrixReader(PLAIN, dtype)
        ways = [read(rows), read(named), read(mixed), read(beside, order), read(np.array(rows))]
        ways += [np.vstack([read(row) for row in each]) for each in (rows, named)]
        ways += [np.array([read.single(row) for row in each], dtype) for each in (rows, named)]
        for table in ways:
            same(table, np.array(rows, dtype=dtype), strict=True)


@given(st.lists(st.tuples(finite | st.none(), cities, st.text()), min_size=1, max_size=6), chances)
def test_columns_read_the_same_whichever_way_they_come(rows, chance):
    rows = [list(row) for row in rows]
    named = [dict(chance.sample(list(zip(MIXED.names, row, strict=True)), 3)) for row in rows]
    read = ColumnReader(MIXED, missing_text=MISSING_TEXT)
    alone = [[read(row) for row in each] for each in (rows, named)]
    for name, column in read(rows).items():
        for table in (read(named)[name], *(np.vstack([one[name] for one in each]) for each in alone)):
            same(table, column, strict=True)


odd = st.sampled_from([10**400, -(10**400), 1e39, "Oslo", "\ud800"])
leaves = odd | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(["a", "b", "c", "x", "code", "flag", "city", "free", "text", "\ud800"])
trees = st.recursive(leaves, lambda tree: st.lists(tree, max_size=4) | st.dictionaries(keys, tree, max_size=4))


def outcome(read, rows, names=None):
    read.single(rows)
    try:
        return read(rows, names)
    except SignatureError as error:
        return error


@given(trees | st.lists(st.lists(leaves, min_size=1, max_size=3), max_size=4), st.none() | st.lists(keys, max_size=4))
@example([[1, 1e308, 1e308], [NAN, INFINITY, -INFINITY]], None)
def test_nothing_but_a_signature_error_escapes(rows, names):
    for read in READERS:
        found = outcome(read, rows, names)
        assert not isinstance(found, SignatureError) or 0 < len(found.problems) <= found.total


@pytest.mark.parametrize("wrap", [lambda tree: [tree], lambda tree: {"x": tree}, lambda tree: [1, tree]])
def test_depth_does_not_matter(wrap):
    rows = reduce(lambda tree, _: wrap(tree), range(5000), 1)
    assert all(isinstance(outcome(read, rows), SignatureError) for read in READERS)
