"""What a file's row gets is what the same row gets in a request: the same answer, or the same sentence."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from model.batch.scorer import Scorer, Wanted
from model.batch.tables import TableScorer
from model.bundle.files import read
from model.runtime.load import load
from model.schema.signature import SignatureError
from model.schema.text_values import parse_value
from score_app import pack
from tests.helpers.server import model

NUMBERS = [
    0.0, -1.5, 3, 1e300, -1e39, float("nan"), None, float("inf"), 2**53 + 1, 2**53 + 2, -(2**60) - 1, True
]  # fmt: skip
TEXTS = [
    "1",
    " 2 ",
    "+3",
    "",
    "nan",
    "NaN",
    "inf",
    "1e999",
    "0x10",
    "1_0",
    "9007199254740993",
    "true",
    "x",
    "१",
    ".5",
    "5.",
]
WORDS = ["one year", "never seen", "", None, "\ufdd0", "ü", "NA"]


def verdict(served, row):
    """Return the answer to one row of a request, or what is wrong with it."""
    try:
        return served.predict(served.reader([row])).tolist()[0]
    except SignatureError as error:
        return sorted((fault.feature, fault.message) for fault in error.problems)


def verdicts(served, table, *, text=False):
    """Return the same of the rows of a table."""
    scorer = Scorer(served, Wanted())
    scored = scorer.score(scorer.columns(table.schema, "it", text=text), table)
    good = range(table.num_rows) if scored.good is None else scored.good.tolist()
    found = dict(zip(good, scored.columns[0].to_pylist(), strict=True))
    for place in range(table.num_rows):
        if place not in found:
            found[place] = sorted((each.feature, each.message) for each in scored.problems if each.row == place)
    return [found[place] for place in range(table.num_rows)]


def drawn(name, cells, count=400):
    """Return rows of a model, each with one cell from these."""
    signature = model(name).signature
    draw = np.random.default_rng(1)
    golden = [dict(zip(signature.names, row, strict=True)) for row in model(name).manifest.golden.rows]
    rows = [dict(golden[draw.integers(len(golden))]) for _ in range(count)]
    for row in rows:
        feature = signature.features[draw.integers(len(signature.features))]
        row[feature.name] = cells[draw.integers(len(cells))] if feature.type != "string" else draw.choice(WORDS)
    return rows


@pytest.mark.parametrize("name", ["iris", "purchase", "churn", "wine"])
def test_cells_of_a_csv_file(name):
    signature = model(name).signature
    rows = [
        {key: None if value in ("", None) else str(value) for key, value in row.items()} for row in drawn(name, TEXTS)
    ]
    table = pa.Table.from_pylist(rows, pa.schema([(key, pa.string()) for key in signature.names]))
    features = {feature.name: feature for feature in signature.features}
    parsed = [{key: value and parse_value(value, features[key]) for key, value in row.items()} for row in rows]
    assert verdicts(model(name), table, text=True) == [verdict(model(name), row) for row in parsed]


@pytest.mark.parametrize("name", ["iris", "purchase", "churn", "wine"])
def test_floats_and_integers_of_a_parquet_file(name):
    signature = model(name).signature
    for kind, cells in ((float, pa.float64()), (int, pa.int64())):
        chosen = [value for value in NUMBERS if value is None or type(value) is kind]
        rows = drawn(name, chosen)
        for row in rows:
            for feature in signature.features:
                value = row[feature.name]
                if feature.type != "string" and value is not None:
                    row[feature.name] = int(value) if kind is int and np.isfinite(value) else value
        fields = [(each.name, pa.string() if each.type == "string" else cells) for each in signature.features]
        table = pa.Table.from_pylist(rows, pa.schema(fields))
        assert verdicts(model(name), table) == [verdict(model(name), row) for row in rows]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Give a model that takes every type there is."""
    count = 60
    frame = pd.DataFrame(
        {
            "amount": np.arange(count) * 1.5,
            "key": np.arange(count) + 2**60,
            "day": pd.date_range("2026-01-01", periods=count),
            "at": pd.date_range("2026-01-01", periods=count, tz="UTC"),
            "plan": pd.Categorical(["free", "paid"] * (count // 2)),
            "active": [True, False] * (count // 2),
            "seats": pd.array([1, 2, None] * (count // 3), dtype="Int64"),
        }
    )
    used = FunctionTransformer(lambda rows: rows[["amount", "active"]].astype(float))
    estimator = make_pipeline(used, LinearRegression()).fit(frame, frame["amount"] + frame["active"])
    folder = tmp_path_factory.mktemp("odd")
    pack(estimator, frame, name="odd", bundles=folder)
    return load(read(folder, "odd"))


def test_dates_categories_and_exact_integers(odd):
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    good = {
        "amount": Decimal("1.25"), "key": 2**60 + 1, "day": date(2026, 3, 1), "at": noon,
        "plan": "free", "active": True, "seats": None,
    }  # fmt: skip
    rows = [
        good, good | {"plan": "gold"}, good | {"day": date(1500, 1, 1)}, good | {"key": None}, good | {"active": False},
        good | {"at": noon + timedelta(days=1)}, good | {"plan": None},
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    asked = [
        row | {"amount": 1.25, "day": str(row["day"]), "at": row["at"].isoformat()} for row in rows
    ]  # fmt: skip
    found = verdicts(odd, table)
    assert found == [verdict(odd, row) for row in asked]
    assert isinstance(found[1], list) != isinstance(found[0], list)
    encoded = table.set_column(4, "plan", table["plan"].dictionary_encode())
    assert verdicts(odd, encoded) == found


FAR = {
    "a text": ("at", ["0001-01-01T00:00:00+14:00", "2026-03-01T00:00:00+00:00", None], pa.string()),
    "a time": ("at", [10**18, 1772323200 * 10**6, None], pa.timestamp("us", "UTC")),
    "a time before the first year": (
        "at",
        [-62135596800 * 10**6, 1772323200 * 10**6, None],
        pa.timestamp("us", "-14:00"),
    ),
    "a day": ("day", [2**30, 20513, None], pa.date32()),
}


@pytest.mark.parametrize("kind", FAR)
def test_a_date_that_no_program_can_hold_is_one_bad_row(kind, odd):
    name, values, cells = FAR[kind]
    good = {"amount": 1.0, "key": 2**60, "plan": "free", "active": True, "seats": 1}
    good |= {"day": date(2026, 3, 1), "at": datetime(2026, 3, 1, tzinfo=UTC)}
    table = pa.Table.from_pylist([good] * 3)
    column = pa.array(values, pa.string() if cells == pa.string() else pa.int32() if name == "day" else pa.int64())
    found = verdicts(odd, table.set_column(table.schema.get_field_index(name), name, column.cast(cells)))
    assert [isinstance(each, list) for each in found] == [True, False, False]


def test_a_row_that_the_estimator_refuses_does_not_spoil_the_others(tmp_path):
    def pick(rows):
        if (np.asarray(rows["a"]) == 13).any():
            raise ValueError("unlucky")
        return rows

    frame = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0) % 3})
    pack(
        make_pipeline(FunctionTransformer(pick), LinearRegression()).fit(frame, frame["a"]),
        frame,
        name="own",
        bundles=tmp_path,
    )
    found = TableScorer("own", tmp_path)(pa.table({"a": [1.0, 13.0, 2.0], "b": [0.0, 1.0, 2.0]}))
    assert found["prediction"].to_pylist() == [pytest.approx(1), None, pytest.approx(2)]
    assert found["problem"].to_pylist() == [None, "the model refuses it: ValueError: unlucky", None]
