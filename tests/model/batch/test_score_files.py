"""One file in, one file out: all columns, the same answers as a request gets, and what was wrong beside it."""

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.inference.explanations import explain_rows
from api.inference.models import Models
from tests.model.batch.conftest import CHURN, FEATURES, answers, customers


def write(frame, path):
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


def read(path):
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values=[""]) if path.suffix == ".csv" else (
        pd.read_parquet(path)
    )  # fmt: skip


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("output", ["csv", "parquet"])
def test_all_columns_are_kept_and_the_answers_are_those_of_a_request(source, output, frame, tmp_path, score):
    frame.loc[[2, 5], ["monthly_charges", "contract"]] = None
    path, target = write(frame, tmp_path / f"in.{source}"), tmp_path / f"out.{output}"
    assert score(path, target) == f"scored 300 of 300 rows with churn: {target}\n"
    found = read(target)
    assert found["prediction"].tolist() == answers(frame)
    assert list(found) == [*frame, "prediction"]
    kept = found[list(frame)].astype(frame.dtypes.drop("id")) if "csv" in (source, output) else found[list(frame)]
    pd.testing.assert_frame_equal(kept, frame, check_dtype=False)


def test_probabilities_labels_and_effects_are_those_of_the_service(parquet, frame, tmp_path, score):
    score(parquet, tmp_path / "out.parquet", "--proba", "--labels", "--explain")
    found = pd.read_parquet(tmp_path / "out.parquet")
    rows = frame[FEATURES].head(20).to_dict("records")
    proba = CHURN.predict_proba(CHURN.reader(rows))[0]
    assert np.allclose(found[["probability_no", "probability_yes"]].head(20), proba)
    assert set(zip(found["prediction"], found["label"], strict=True)) == {("no", "stays"), ("yes", "leaves")}
    for place, expected in enumerate(explain_rows(Models([CHURN], 10_000), CHURN, rows)):
        for effect in expected.effects:
            assert found[f"effect_{effect.feature}"][place] == pytest.approx(effect.effect)


def test_bad_rows_are_listed_with_their_number_and_reason(frame, tmp_path, score):
    frame = frame.astype({"monthly_charges": object})
    frame.loc[[2, 3, 7], "monthly_charges"] = "much"
    lines = frame.to_csv(index=False).splitlines()
    lines.insert(4, "only,three,cells")  # row 3, which moves all others by one
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    assert "scored 297 of 301 rows" in score(tmp_path / "in.csv", tmp_path / "out.csv")
    bad = pd.read_csv(tmp_path / "out.csv.bad_rows.csv")
    text = "expected a number, got a string"
    expected = [(2, text), (3, "has 3 cells, the header 7"), (4, text), (8, text)]
    assert sorted(zip(bad["row"], bad["reason"], strict=True)) == expected
    assert read(tmp_path / "out.csv")["id"].tolist() == frame["id"].drop([2, 3, 7]).tolist()


def test_strict_refuses_a_file_with_a_bad_row_and_leaves_nothing(frame, tmp_path, score):
    frame.loc[7, "monthly_charges"] = np.inf
    write(frame, tmp_path / "in.parquet")
    error = score(tmp_path / "in.parquet", tmp_path / "out.parquet", "--strict", refused=True)
    assert "row 7, monthly_charges: is not a finite number" in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_the_lineage_names_the_model_the_input_and_the_counts(parquet, tmp_path, score):
    score(parquet, tmp_path / "out.parquet", "--proba")
    lineage = json.loads((tmp_path / "out.parquet.lineage.json").read_text())
    digest = hashlib.sha256(parquet.read_bytes()).hexdigest()
    assert lineage["model"] == {
        "name": "churn", "version": CHURN.version, "digest": f"sha256:{CHURN.manifest.digest()}"
    }  # fmt: skip
    assert lineage["input"] == [
        {"path": str(parquet), "bytes": parquet.stat().st_size, "rows": 300, "sha256": digest}
    ]  # fmt: skip
    assert (lineage["rows"], lineage["scored"], lineage["bad_rows"], lineage["options"]["proba"]) == (300, 300, 0, True)


def test_an_output_that_is_there_is_replaced_only_on_request(parquet, tmp_path, score):
    target = tmp_path / "out.csv"
    target.write_text("precious")
    assert "is there already; --replace overwrites it" in score(parquet, target, refused=True)
    assert target.read_text() == "precious"
    score(parquet, target, "--replace")
    assert len(read(target)) == 300


def test_row_groups_are_read_in_batches(tmp_path, score, monkeypatch):
    monkeypatch.setattr("model.batch.sources.MOST_ROWS", 64)
    frame = customers(1000)
    frame.to_parquet(tmp_path / "in.parquet", row_group_size=150)
    score(tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pq.ParquetFile(tmp_path / "out.parquet")
    assert max(found.metadata.row_group(place).num_rows for place in range(found.num_row_groups)) <= 64
    assert found.read()["prediction"].to_pylist() == answers(frame)


def test_columns_that_are_no_features_may_be_of_any_type(frame, tmp_path, score):
    table = pa.Table.from_pandas(frame)
    nested = pa.array([[{"a": place}] for place in range(300)])
    pq.write_table(table.append_column("nested", nested), tmp_path / "in.parquet")
    score(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["nested"].combine_chunks() == nested
    error = score(tmp_path / "in.parquet", tmp_path / "out.csv", refused=True)
    assert "the column nested is list" in error
    assert "write Parquet" in error
