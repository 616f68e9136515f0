"""JSON rows become what a model takes, in whichever of their shapes they come."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal as same

from model.schema.readers import ColumnReader, MatrixReader
from model.schema.signature import MISSING_TEXT, SignatureError
from tests.helpers.schemas import (
    CODED,
    DTYPES,
    FLAGS,
    GAPPED_CODE,
    GAPS,
    MIXED,
    NAN,
    ONE,
    OTHER,
    PLAIN,
    RECORD,
    SOME_GAPS,
    TEXT,
    faults,
)

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


def test_null_is_nan_where_the_model_takes_it():
    same(MatrixReader(GAPS)([[None, 1], [2, None]]), [[NAN, 1], [2, NAN]])
    for rows in ([None, 1], [[NAN, 1]], np.array([[NAN, 1]])):
        same(MatrixReader(SOME_GAPS)(rows), [[NAN, 1]])
    same(MatrixReader(GAPPED_CODE)(np.array([[1, NAN], [2, 1]])), [[1, NAN], [2, 1]])
    for rows in ([1, None], [1, NAN], np.array([[1, NAN]])):
        assert faults(MatrixReader(SOME_GAPS), rows) == [(0, "b", "null")]


@pytest.mark.parametrize("dtype", ["i1", "u1", "i8", "u8", "f2", "f4", ">f8"])
@pytest.mark.parametrize("read", [MatrixReader(FLAGS), MatrixReader(GAPS, "float32")])
def test_tensors_of_every_kind_of_number_are_read(dtype, read):
    array = np.array([[1, 0], [0, 1]], dtype)
    same(read(array), np.eye(2, dtype=read.dtype), strict=True)
    same(read(array[:0]), np.empty((0, 2), read.dtype), strict=True)


def test_closed_categories_name_what_is_known_and_open_ones_pass():
    assert MatrixReader(CODED)([5, 1]).tolist() == [[5, 1]]
    assert faults(MatrixReader(CODED), [5, 3]) == [(0, "code", "category")]
    assert ColumnReader(MIXED)([1, "Rome", "new"])["free"].tolist() == [["new"]]
    with pytest.raises(SignatureError, match=r"row 0, city: is not one of the categories .*\(Oslo, Rome\)"):
        ColumnReader(MIXED)([1, "Paris", "x"])


def test_booleans_are_for_boolean_features():
    assert MatrixReader(FLAGS)([[1, True], [2, 0]]).tolist() == [[1, 1], [2, 0]]
    assert faults(MatrixReader(FLAGS), [1, "true"]) == [(0, "flag", "type")]
    for number in (2, 0.5, -1, 10**400, float("inf"), 1 + 2**-52):
        assert faults(MatrixReader(FLAGS, "float32"), [1, number]) == [(0, "flag", "type")]
        assert faults(MatrixReader(FLAGS), np.array([[1, number], [1, 1]], object).tolist()) == [(0, "flag", "type")]
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
