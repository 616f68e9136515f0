"""A folder of parts: a run that ends early goes on, and several processes may share one."""

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from model.batch.locks import only_writer
from model.batch.places import place
from tests.model.batch.conftest import answers, answers_of_folder, customers


@pytest.fixture
def folder(tmp_path):
    """Give a folder of files, one of them in a folder of its own."""
    for number in range(8):
        path = tmp_path / "in" / ("later" if number == 7 else ".") / f"{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        customers(200, seed=number).to_parquet(path)
    return tmp_path / "in"


@pytest.fixture
def rows():
    return pd.concat([customers(200, seed=number) for number in range(8)], ignore_index=True)


def is_whole(output, rows):
    found = answers_of_folder(output)
    assert found["prediction"].tolist() == answers(rows)
    assert found["id"].tolist() == rows["id"].tolist()
    assert (output / "_SUCCESS").exists()
    assert json.loads((output / "_lineage.json").read_text())["rows"] == len(rows)
    return True


def test_a_folder_becomes_a_folder(folder, rows, tmp_path, score):
    assert f"scored 1600 of 1600 rows with churn: 8 parts in {tmp_path / 'out'}" in score(folder, tmp_path / "out")
    assert is_whole(tmp_path / "out", rows)
    assert f"end {tmp_path}/out.csv with /" in score(folder, tmp_path / "out.csv", refused=True)


def test_a_file_becomes_a_part_for_each_piece(tmp_path, score, monkeypatch):
    monkeypatch.setattr("model.batch.sources.PIECE_ROWS", 200)
    frame = customers(1000)
    frame.to_parquet(tmp_path / "in.parquet", row_group_size=100)
    assert "5 parts" in score(tmp_path / "in.parquet", f"{tmp_path}/out/")
    assert is_whole(tmp_path / "out", frame)


def test_a_csv_file_becomes_parts_too(tmp_path, score, monkeypatch):
    monkeypatch.setattr("model.batch.sources.BLOCK_BYTES", 4096)
    monkeypatch.setattr("model.batch.sources.PIECE_BLOCKS", 3)
    frame = customers(1000)
    frame.to_csv(tmp_path / "in.csv", index=False)
    score(tmp_path / "in.csv", f"{tmp_path}/out/")
    parts = sorted((tmp_path / "out").glob("*.csv"))
    assert len(parts) > 3
    assert pd.concat(map(pd.read_csv, parts))["prediction"].tolist() == answers(frame)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_goes_on(number, folder, rows, tmp_path, score):
    output = tmp_path / "out"
    command = [sys.executable, "-m", "model", "score", "churn", folder, output]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline() == "part-00000-00000: 200 of 200 rows\n"
        process.send_signal(number)
        lines = process.stderr.read().splitlines()
    if number != signal.SIGKILL and process.returncode:
        assert process.returncode == 2
        assert lines[-1].startswith(f"error: stopped by {number.name}: ")
        assert not [path for path in output.iterdir() if path.name.startswith(".")]
    (output / ".part-00001-00000.parquet.left").mkdir(exist_ok=True)  # as a kill may leave it
    # The one at which it was stopped may be there already, and is written again.
    done = ["part-00000-00000", *(line.partition(":")[0] for line in lines if line.endswith(" rows"))]
    before = {f"{name}.parquet": (output / f"{name}.parquet").stat().st_mtime_ns for name in done}
    score(folder, output)
    assert is_whole(output, rows)
    assert not [path for path in output.iterdir() if path.name.startswith(".")]
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in output.glob("part-*")}.items()


def test_a_single_file_that_was_stopped_is_not_there(tmp_path):
    """Wait until it is being written, and stop it: nothing but the input is left."""
    customers(400_000).to_parquet(tmp_path / "in.parquet", row_group_size=20_000)
    command = [sys.executable, "-m", "model", "score", "churn", "in.parquet", "out.parquet", "--explain"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        while process.poll() is None and not list(tmp_path.glob(".out.parquet.*/rows")):
            os.sched_yield()
        process.terminate()
        reported = process.stderr.read()
    assert process.returncode == 2
    assert reported.startswith("error: stopped by SIGTERM: nothing was written; one file starts again")
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_two_writers_of_one_output_are_refused(folder, tmp_path, score):
    for source, output in ((folder, tmp_path / "out"), (folder / "0.parquet", tmp_path / "out.parquet")):
        with only_writer(place(str(output))):
            error = score(source, output, refused=True)
            assert error.startswith(f"error: another process is writing {output}: ")
        score(source, output)


def test_workers_share_a_folder(folder, rows, tmp_path, score):
    output = tmp_path / "out"
    for index in (2, 0, 1):
        assert "finished this share" in score(folder, output, "--shard", f"{index}/4")
        assert not (output / "_SUCCESS").exists()
    score(folder, output, "--shard", "1/4")  # once more, as after a kill
    assert "8 parts" in score(folder, output, "--shard", "3/4")
    assert is_whole(output, rows)
    assert "like 0/4" in score(folder, output, "--shard", "4/4", refused=True)


def test_a_folder_belongs_to_one_job(folder, rows, tmp_path, score):
    output = tmp_path / "out"
    score(folder, output)
    assert "holds the answers of another run" in score(folder, output, "--proba", refused=True)
    score(folder, output, "--proba", "--replace")
    assert is_whole(output, rows)
    assert "probability_yes" in answers_of_folder(output)
    assert "holds other files" in score(folder / "1.parquet", f"{folder}/later/", refused=True)


def test_bad_rows_of_a_part_are_kept_apart(folder, tmp_path, score):
    frame = customers(50)
    frame.loc[3, "monthly_charges"] = float("inf")
    frame.to_parquet(folder / "0.parquet")
    assert "1 bad rows" in score(folder, tmp_path / "out")
    assert len(answers_of_folder(tmp_path / "out")) == 49 + 7 * 200
    (line,) = (tmp_path / "out" / "_bad_rows" / "part-00000-00000.csv").read_text().splitlines()[1:]
    assert line.startswith(f"{folder}/0.parquet,3,monthly_charges,")
