"""JSON rows become what a model takes, or every fault in them is told at once."""

import random
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.readers import ColumnReader, MatrixReader
from model.signature import MISSING_TEXT, Feature, Signature, SignatureError, Target


def signature(*features):
    return Signature(task="regression", features=features, targets=(Target(name="y"),))


def number(name, **more):
    return Feature(name=name, type="number", **more)


PLAIN = signature(number("a"), number("b"), Feature(name="c", type="integer"))
GAPS = signature(number("a", missing=True), number("b", missing=True))
SOME_GAPS = signature(number("a", missing=True), number("b"))
ONE = signature(number("x"))
CODED = signature(number("a"), number("code", categories=(1.0, 2.0), closed=True))
FLAGS = signature(number("a"), Feature(name="flag", type="boolean"))
CITY = Feature(name="city", type="string", categories=("Oslo", "Rome"), closed=True, missing=True)
MIXED = signature(number("a", missing=True), CITY, Feature(name="free", type="string"))
TEXT = signature(Feature(name="text", type="string"))

SIGNATURES = {"plain": PLAIN, "gaps": GAPS, "some": SOME_GAPS, "one": ONE, "coded": CODED, "flags": FLAGS}


def faults(reader, rows, names=None):
    with pytest.raises(SignatureError) as raised:
        reader(rows, names)
    return [(problem.row, problem.feature, problem.code) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([1, 2.5, 3], [[1, 2.5, 3]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
        ({"c": 3, "a": 1, "b": 2}, [[1, 2, 3]]),
        ([{"c": 3, "a": 1, "b": 2}, {"a": 4, "b": 5, "c": 6}], [[1, 2, 3], [4, 5, 6]]),
        ([[1, 2, 3], {"c": 6, "a": 4, "b": 5}], [[1, 2, 3], [4, 5, 6]]),
        ([], np.empty((0, 3))),
        (np.array([[1, 2, 3]], dtype=np.int8), [[1, 2, 3]]),
        (np.array([1.0, 2.0, 3.0], dtype=np.float32), [[1, 2, 3]]),
        (np.empty((0, 3)), np.empty((0, 3))),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_come_in_many_shapes(rows, expected, dtype):
    matrix = MatrixReader(PLAIN, dtype)(rows)
    assert matrix.dtype == dtype
    np.testing.assert_array_equal(matrix, np.array(expected, dtype=dtype))


def test_a_model_of_one_feature_takes_each_value_as_a_row():
    np.testing.assert_array_equal(MatrixReader(ONE)([1, 2, 3]), [[1], [2], [3]])
    assert ColumnReader(TEXT)(["some words", "others"])["text"].tolist() == [["some words"], ["others"]]


def test_names_may_come_beside_the_rows():
    np.testing.assert_array_equal(MatrixReader(PLAIN)([[3, 1, 2]], names=["c", "a", "b"]), [[1, 2, 3]])
    assert faults(MatrixReader(PLAIN), [[3, 1]], ["c", "a"]) == [(0, "b", "missing")]
    assert faults(MatrixReader(PLAIN), [[3, 1, 2]], ["c", "a", "a"]) == [(None, None, "shape")]
    assert faults(MatrixReader(PLAIN), [[3, 1]], ["c", "a", "b"]) == [(0, None, "width")]


def test_null_is_nan_where_the_model_takes_it():
    np.testing.assert_array_equal(MatrixReader(GAPS)([[None, 1], [2, None]]), [[np.nan, 1], [2, np.nan]])
    np.testing.assert_array_equal(MatrixReader(SOME_GAPS)([None, 1]), [[np.nan, 1]])
    np.testing.assert_array_equal(MatrixReader(GAPS)(np.array([[np.nan, 1]])), [[np.nan, 1]])
    np.testing.assert_array_equal(MatrixReader(SOME_GAPS)([[float("nan"), 1]]), [[np.nan, 1]])
    assert faults(MatrixReader(SOME_GAPS), [1, None]) == [(0, "b", "null")]
    assert faults(MatrixReader(SOME_GAPS), [1, float("nan")]) == [(0, "b", "null")]
    assert faults(MatrixReader(PLAIN), np.array([[np.nan, 1, 2]])) == [(0, "a", "null")]


def test_every_fault_is_told_at_once():
    rows = [{"a": 1, "b": "2", "d": 3}, [1, 2], [True, 2, 3], 7, [1, 2, 3]]
    assert sorted(faults(MatrixReader(PLAIN), rows), key=str) == sorted(
        [
            (0, "c", "missing"),
            (0, "d", "unknown"),
            (0, "b", "type"),
            (1, None, "width"),
            (2, "a", "type"),
            (3, None, "shape"),
        ],
        key=str,
    )


@pytest.mark.parametrize("value", [True, "1", "", [1], {"a": 1}])
def test_only_numbers_are_numbers(value):
    assert faults(MatrixReader(PLAIN), [1, value, 3]) == [(0, "b", "type")]
    assert faults(MatrixReader(PLAIN), [[1, 2, 3], [1, value, 3]]) == [(1, "b", "type")]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 10**400, -(10**400)])
def test_what_is_not_finite_is_refused(value):
    assert faults(MatrixReader(PLAIN), [1, value, 3]) == [(0, "b", "finite")]
    assert faults(MatrixReader(PLAIN), [[1, value, 3], [1, 2, 3]]) == [(0, "b", "finite")]


def test_what_float32_cannot_hold_is_refused_for_float32_only():
    assert faults(MatrixReader(PLAIN, "float32"), [1, 1e39, -1e39]) == [(0, "b", "finite"), (0, "c", "finite")]
    assert faults(MatrixReader(PLAIN, "float32"), np.array([[1, 1e39, 0]])) == [(0, "b", "finite")]
    assert MatrixReader(PLAIN)([1, 1e308, 1e308]).tolist() == [[1, 1e308, 1e308]]


def test_closed_categories_name_what_is_known():
    assert MatrixReader(CODED)([5, 1]).tolist() == [[5, 1]]
    assert faults(MatrixReader(CODED), [5, 3]) == [(0, "code", "category")]
    with pytest.raises(SignatureError, match=r"row 0, city: is not one of the categories .*\(Oslo, Rome\)"):
        ColumnReader(MIXED)([1, "Paris", "x"])


def test_booleans_are_for_boolean_features():
    assert MatrixReader(FLAGS)([[1, True], [2, 0]]).tolist() == [[1, 1], [2, 0]]
    assert faults(MatrixReader(FLAGS), [1, "true"]) == [(0, "flag", "type")]


def test_columns_have_one_array_a_feature():
    columns = ColumnReader(MIXED, missing_text=MISSING_TEXT)([[1, "Oslo", "x"], {"free": "y", "city": None, "a": None}])
    assert {name: column.shape for name, column in columns.items()} == dict.fromkeys(("a", "city", "free"), (2, 1))
    assert columns["city"].ravel().tolist() == ["Oslo", MISSING_TEXT]
    np.testing.assert_array_equal(columns["a"].ravel(), [1, np.nan])
    assert faults(ColumnReader(MIXED), [1, "Oslo", None]) == [(0, "free", "null")]


def test_columns_may_come_as_arrays():
    arrays = {"city": np.array(["Rome"], object), "a": np.array([2.0]), "free": np.array(["z"], object)}
    assert ColumnReader(MIXED)(arrays)["city"].tolist() == [["Rome"]]


@pytest.mark.parametrize("reader", [MatrixReader(PLAIN), ColumnReader(MIXED)])
def test_many_faults_cost_little(reader):
    with pytest.raises(SignatureError) as raised:
        reader([[True, True, True]] * 100_000)
    assert len(raised.value.problems) == 50
    assert raised.value.total < 2000
    with pytest.raises(SignatureError):
        reader([{}] * 100_000)


finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(st.tuples(finite, finite, st.integers(-(2**24), 2**24)), min_size=1, max_size=6), st.randoms())
@example([(0.1, 0.2, 3)], random.Random(0))
def test_one_row_is_read_like_many_and_by_name_like_by_position(rows, chance):
    rows = [list(row) for row in rows]
    for dtype in ("float32", "float64"):
        read = MatrixReader(PLAIN, dtype)
        expected = np.array(rows, dtype=dtype)
        named = [dict(chance.sample(list(zip("abc", row, strict=True)), 3)) for row in rows]
        for table in (read(rows), read(named), np.vstack([read(row) for row in rows]), read(np.array(rows))):
            np.testing.assert_array_equal(table, expected)


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=5), st.sampled_from("abc")
)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcx"), inner), max_leaves=12
)


@given(trees)
def test_nothing_but_a_signature_error_escapes(rows):
    for read in [*(MatrixReader(each, kind) for each in SIGNATURES.values() for kind in ("float32", "float64")),
                 ColumnReader(MIXED), ColumnReader(TEXT)]:  # fmt: skip
        with suppress(SignatureError):
            read(rows)
