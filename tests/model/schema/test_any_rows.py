"""Whatever rows come, in whichever way: they read the same, or are refused by a SignatureError."""

import random
from functools import reduce

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal as same

from model.schema.readers import ColumnReader, MatrixReader
from model.schema.signature import MISSING_TEXT, SignatureError
from tests.helpers.schemas import (
    CODED,
    DTYPES,
    FLAGS,
    GAPPED_CODE,
    GAPS,
    INFINITY,
    MIXED,
    NAN,
    ONE,
    PLAIN,
    SOME_GAPS,
    TEXT,
)

MATRICES = (PLAIN, GAPS, SOME_GAPS, ONE, CODED, GAPPED_CODE, FLAGS)
READERS = [MatrixReader(each, dtype) for each in MATRICES for dtype in DTYPES]
READERS += [ColumnReader(each, dtype, MISSING_TEXT) for each in (MIXED, TEXT) for dtype in DTYPES]


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
