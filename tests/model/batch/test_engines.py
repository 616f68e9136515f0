"""The engines that people have: their frames get the answers of a request, through the same core."""

import pickle
import sys

import pandas as pd
import pyarrow as pa
import pytest

from model.batch.spark import for_map_in_arrow, score
from model.batch.tables import TableScorer
from model.bundle.files import DEFAULT_ROOT
from tests.model.batch.conftest import answers, customers


@pytest.fixture
def rows():
    frame = customers(200)
    frame.loc[7, "monthly_charges"] = float("inf")
    return frame


def expected(rows):
    return [*answers(rows.head(7)), None, *answers(rows.tail(192))]


def predictions(frame):
    return [None if pd.isna(value) else value for value in frame["prediction"]]


def test_a_table_keeps_its_rows_and_a_bad_one_has_a_reason(rows):
    scorer = pickle.loads(pickle.dumps(TableScorer("churn", DEFAULT_ROOT, proba=True)))
    found = scorer(pa.Table.from_pandas(rows))
    assert found.schema.names == [*rows, "prediction", "probability_no", "probability_yes", "problem"]
    assert found["prediction"].to_pylist() == expected(rows)
    assert found["problem"][7].as_py() == "monthly_charges: is not a finite number of at most 1.79769e+308"
    assert found["problem"].null_count == 199


def test_batches_of_map_in_arrow(rows):
    batches = pa.Table.from_pandas(rows, preserve_index=False).to_batches(max_chunksize=64)
    found = pa.Table.from_batches(for_map_in_arrow(TableScorer("churn", DEFAULT_ROOT))(iter(batches)))
    assert found["prediction"].to_pylist() == expected(rows)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_spark(rows, tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    try:
        rows.to_parquet(tmp_path / "in.parquet")
        frame = spark.read.parquet(str(tmp_path / "in.parquet")).repartition(3)
        found = score(frame, "churn", DEFAULT_ROOT, labels=True).orderBy("id").collect()
    finally:
        spark.stop()
    assert [row.prediction for row in found] == expected(rows)
    assert {row.label for row in found} == {"stays", "leaves", None}
    assert [row.id for row in found if row.problem] == ["000007"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray(rows):
    ray = pytest.importorskip("ray.data")
    frame = ray.from_arrow(pa.Table.from_pandas(rows, preserve_index=False))
    scored = frame.map_batches(
        TableScorer, fn_constructor_args=("churn", DEFAULT_ROOT), batch_format="pyarrow", concurrency=1
    )
    assert predictions(scored.to_pandas().sort_values("id")) == expected(rows)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask(rows):
    dask = pytest.importorskip("dask.dataframe")
    scorer = TableScorer("churn", DEFAULT_ROOT)

    def score_part(part):
        return scorer(pa.Table.from_pandas(part, preserve_index=False)).to_pandas()

    frame = dask.from_pandas(rows, npartitions=3)
    found = frame.map_partitions(score_part, meta=score_part(rows.head(1))).compute()
    assert predictions(found) == expected(rows)
