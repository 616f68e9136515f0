"""Whatever is wrong with files and options is one sentence and exit code 2, and nothing is left of the output."""

import os
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.waiting import unless
from tests.model.batch.conftest import customers

FRAME = customers(10)


def csv(text):
    return lambda path: path.with_suffix(".csv").write_text(text)


def parquet(change):
    return lambda path: change(FRAME).to_parquet(path.with_suffix(".parquet"))


def nested(path):
    table = pa.Table.from_pandas(FRAME.drop(columns="tenure_months"))
    pq.write_table(table.append_column("tenure_months", pa.array([[1]] * 10)), path.with_suffix(".parquet"))


def damaged(path):
    """Write a file whose footer is right and whose columns are not."""
    file = path.with_suffix(".parquet")
    customers(5000).to_parquet(file)
    content = bytearray(file.read_bytes())
    content[100:8000] = b"\0" * 7900
    file.write_bytes(content)


HEADER = ",".join(FRAME)
FAULTS = {
    "nothing there": (lambda _: None, "is not there"),
    "an empty file": (csv(""), "in.csv is empty"),
    "only a header": (csv(HEADER + "\n"), "in.csv has no rows"),
    "no rows in Parquet": (parquet(lambda frame: frame.head(0)), "in.parquet has no rows"),
    "no Parquet": (lambda path: path.with_suffix(".parquet").write_text("PAR1 or not"), "is no Parquet file"),
    "a damaged Parquet": (damaged, "in.parquet: "),
    "a missing column": (
        parquet(lambda frame: frame.drop(columns="payment")), "lacks payment, which churn takes (it has id, tenure"
    ),
    "another type": (
        parquet(lambda frame: frame.assign(tenure_months="x")),
        "the column tenure_months is large_string, but churn takes a number there",
    ),
    "numbers for words": (
        parquet(lambda frame: frame.assign(contract=1)), "the column contract is int64, but churn takes a string there"
    ),
    "a nested feature": (nested, "the column tenure_months is list<"),
    "a column twice": (csv(f"{HEADER},payment\n" + "1," * 7 + "1\n"), "two columns named 'payment'"),
    "a prediction already": (parquet(lambda frame: frame.assign(prediction=1)), "a column named 'prediction' already"),
    "no text": (
        lambda path: path.with_suffix(".csv").write_bytes(f"{HEADER}\n".encode() + b"\xff" * 9),
        "in.csv: is no UTF-8 text",
    ),
    "no good row": (csv(f"{HEADER}\nid,x,x,x,a,b,c\n"), "none of the 1 rows can be scored"),
    "another suffix": (lambda path: path.with_suffix(".xlsx").write_text("x"), "must have a name that ends with .csv"),
    "a folder without files": (lambda path: path.mkdir(), "has no file whose name ends with .csv"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_refused(fault, tmp_path, score):
    make, sentence = FAULTS[fault]
    make(tmp_path / "in")
    before = sorted(tmp_path.rglob("*"))
    source = before[0] if before else tmp_path / "in.csv"
    output = f"{tmp_path}/out/" if source.is_dir() else tmp_path / "out.csv"
    assert sentence in score(source, output, refused=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "option", "sentence"),
    [
        ("wine", "--proba", "wine gives no probabilities"),
        ("wine", "--labels", "wine predicts numbers"),
        ("nobody", "--proba", "there is no bundle 'nobody'"),
    ],
)
def test_what_a_model_cannot_give_is_reported(name, option, sentence, parquet, tmp_path, model_cli):
    done = model_cli("score", name, parquet, tmp_path / "out.csv", option)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_an_input_is_not_overwritten(parquet, score):
    assert "holds the input" in score(parquet, parquet, "--replace", refused=True)
    assert "holds the input" in score(parquet, f"{parquet.parent}/", refused=True)
    assert "is within the input" in score(parquet.parent, parquet.parent / "out", refused=True)


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path):
    there = shutil.which("unshare") and not subprocess.run(["unshare", "--mount", "true"]).returncode
    unless(there, "no mounts of one's own here: that needs root")
    customers(30_000).to_parquet(tmp_path / "in.parquet")
    (tmp_path / "small").mkdir()
    small = 'mount -t tmpfs -o size=64k none small && "$@"; code=$?; ls -A small; exit $code'
    for output in ("small/out.parquet", "small/out/"):
        command = [sys.executable, "-m", "model", "score", "churn", "in.parquet", output]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", small, "sh", *command], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.splitlines()
        assert "there is no space left on the device" in line
        assert done.stdout == ("" if output.endswith("parquet") else "out\n")


@pytest.mark.parametrize(("column", "options", "reason"), [
    ("prediction", [], "has a column named 'prediction' already"),
    ("more", ["--strict"], "has rows that cannot be scored"),
])  # fmt: skip
def test_a_refused_long_file_ends_the_process_in_order(column, options, reason, tmp_path):
    """Threads that read ahead are done by then: they would abort the process, or keep it for ever."""
    header, *lines = customers(1000).assign(**{column: 1}).to_csv(index=False).splitlines(keepends=True)
    (tmp_path / "in.csv").write_text(header + "three,cells,only\n" + "".join(lines) * 1000)
    command = [sys.executable, "-m", "model", "score", "churn", "in.csv", "out.csv", *options]
    # With one thread, as tests have it, the reader of CSV does not read ahead.
    user = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for _ in range(4):
        done = subprocess.run(command, cwd=tmp_path, env=user, capture_output=True, text=True, timeout=15)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert reason in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
