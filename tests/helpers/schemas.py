"""Signatures of a few features, and the faults that reading rows by them finds."""

import pytest

from model.schema.signature import Feature, Signature, SignatureError, Target


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
DTYPES = ("float32", "float64")
NAN, INFINITY = float("nan"), float("inf")
RECORD, OTHER = {"c": 3, "a": 1, "b": 2}, {"a": 4, "b": 5, "c": 6}


def faults(reader, rows, names=None):
    with pytest.raises(SignatureError) as raised:
        reader(rows, names)
    return [(problem.row, problem.feature, problem.code) for problem in raised.value.problems]
