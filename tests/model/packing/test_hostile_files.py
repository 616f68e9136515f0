"""Files of rows and models that are none are refused in one sentence."""

import os
import pickle

import joblib
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from tests.model.packing.hostile import NUMBERS
from tests.model.packing.outcomes import judged, outcome

X, POSITIVE = NUMBERS.to_numpy(), (NUMBERS["a"] > 0).to_numpy()


def unreadable(path):
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads every file
        path.unlink()


def loop(path):
    path.symlink_to(path.name)


FILES = {
    "empty.csv": lambda path: path.write_bytes(b""),
    "mark-alone.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf"),
    "blank.csv": lambda path: path.write_bytes(b"\n\n \n"),
    "binary.csv": lambda path: path.write_bytes(bytes(range(256))),
    "latin.csv": lambda path: path.write_bytes(b"a,b\n\xff,\xfe\n"),
    "ragged.csv": lambda path: path.write_text("a,b\n1,2,3,4\n"),
    "quote.csv": lambda path: path.write_text('a,b\n"1,2\n'),
    "twice.csv": lambda path: path.write_text("\n\na,a\n1,2\n"),
    "cut.parquet": lambda path: (NUMBERS.to_parquet(path), path.write_bytes(path.read_bytes()[:-20])),
    "other.parquet": lambda path: path.write_text("a,b\n1,2\n"),
    "empty.parquet": lambda path: path.write_bytes(b""),
    "number.pkl": lambda path: path.write_bytes(pickle.dumps(1)),
    "exits.pkl": lambda path: path.write_bytes(b"cbuiltins\nexit\n(tR."),
    "folder.csv": lambda path: path.mkdir(),
    "pipe.csv": os.mkfifo,
    "loop.csv": loop,
    "nothing.csv": lambda path: None,
    "unreadable.csv": unreadable,
}


@pytest.mark.parametrize("name", FILES)
def test_a_data_file_that_is_none(name, tmp_path, model_cli):
    FILES[name](tmp_path / name)
    joblib.dump(Ridge().fit(X, POSITIVE), tmp_path / "mine.joblib")
    done = model_cli("add", tmp_path / "mine.joblib", "--data", tmp_path / name, "--bundles", tmp_path / "b")
    assert done.exit_code == 2, done.output
    assert len([line for line in done.stderr.splitlines() if line.lower().startswith("error: ")]) == 1
    assert not (tmp_path / "b").exists()


def test_a_byte_order_mark_and_blank_lines_are_no_fault(tmp_path, model_cli):
    (tmp_path / "rows.csv").write_bytes(b"\xef\xbb\xbf" + NUMBERS.to_csv(index=False).replace("\n", "\r\n").encode())
    assert outcome(tmp_path, model_cli, Ridge().fit(NUMBERS, POSITIVE), tmp_path / "rows.csv") is None


PICKLES = {
    "exits": b"cbuiltins\nexit\n(tR.",
    "needs a module": b"\x80\x02cno_such_module\nThing\n.",
    "a class of __main__": b"\x80\x02c__main__\nMine\n.",
    "a number": pickle.dumps(1),
    "a frame": pickle.dumps(NUMBERS),
    "interrupts with another exception": b"\x80\x02ctests.model.packing.hostile\nNotEvenAnException\n)R.",
    "not fitted": pickle.dumps(Ridge()),
    "no predict": pickle.dumps(StandardScaler().fit(X)),
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_that_is_no_estimator(name, tmp_path, model_cli):
    (tmp_path / "mine.pkl").write_bytes(PICKLES[name])
    NUMBERS.to_pickle(tmp_path / "rows.pkl")
    done = model_cli("add", tmp_path / "mine.pkl", "--data", tmp_path / "rows.pkl", "--bundles", tmp_path / "b")
    assert judged(tmp_path, model_cli, done) is not None
