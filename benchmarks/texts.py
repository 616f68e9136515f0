"""What a text costs: in the compact form, by scikit-learn itself, and how much memory and time its vocabulary takes.

Run `python -m benchmarks.texts`. The words are made up, and as common as words are (Zipf's law). CPU time of one
thread, the least of many turns, the forms in turns.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from model.bundle.files import read
from model.packing import prove
from model.packing.pack import Material, pack
from model.runtime.load import load

TURNS = 15
SHORT, LONG = 12, 400
"""Words of a text that is measured alone, and of a long one."""
Fitted = tuple[Any, pd.DataFrame, Callable[[pd.DataFrame], Any]]
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "är", "écl", "str", "on", "ing"]


def main() -> None:
    """Print one row of a table for each pipeline."""
    warnings.simplefilter("ignore")
    # What is measured is not what is proven here.
    prove.MOST_ROWS = 600
    head = (
        "pipeline",
        "terms",
        "form",
        "start",
        "memory",
        "12 words",
        "predict",
        "",
        "400 words",
        "1,000 texts",
        "predict",
    )
    print(f"| {' | '.join(head)} |", "|---" * len(head) + "|", sep="\n")
    for name, words, make in (
        ("TfidfVectorizer, LogisticRegression", 20_000, partial(one, TfidfVectorizer(), LogisticRegression(), 2)),
        ("TfidfVectorizer, LogisticRegression", 100_000, partial(one, TfidfVectorizer(), LogisticRegression(), 2)),
        ("pairs of words too, LinearSVC, 5 classes", 20_000, partial(
            one, TfidfVectorizer(ngram_range=(1, 2), min_df=2), LinearSVC(), 5)),
        ("CountVectorizer, MultinomialNB, 20 classes", 20_000, partial(one, CountVectorizer(), MultinomialNB(), 20)),
        ("HashingVectorizer, SGDClassifier", 100_000, partial(
            one, HashingVectorizer(), SGDClassifier(loss="log_loss", random_state=0), 2)),
        ("TfidfVectorizer beside 2 numbers, LogisticRegression", 20_000, beside_numbers),
    ):  # fmt: skip
        print(row_of(name, *make(np.random.default_rng(0), words)), flush=True)


def texts(rng: np.random.Generator, count: int, words: int) -> list[str]:
    """Return texts over a vocabulary of about this size, nearly each word of which occurs."""
    known = np.array(["".join(rng.choice(SYLLABLES, rng.integers(2, 7))) + str(place % 97) for place in range(words)])
    lengths = rng.geometric(1 / 60, count) + 5
    common = np.minimum(rng.zipf(1.2, lengths.sum()) - 1, words * 50) % words
    rare = rng.integers(words, size=lengths.sum())
    chosen = known[np.where(rng.random(lengths.sum()) < 0.4, rare, common)]
    return [" ".join(part) for part in np.split(chosen, np.cumsum(lengths)[:-1])]


def one(
    vectorizer: Any, last: Any, classes: int, rng: np.random.Generator, words: int
) -> tuple[Any, pd.DataFrame, Any]:
    """Return a pipeline of texts alone, fitted."""
    rows = pd.Series(texts(rng, 6_000, words), name="text")
    pipeline = make_pipeline(vectorizer, last).fit(rows, rng.integers(classes, size=len(rows)))
    return pipeline, rows.to_frame(), lambda frame: frame["text"]


def beside_numbers(rng: np.random.Generator, words: int) -> Fitted:
    """Return a pipeline of texts and numbers, fitted."""
    rows = pd.DataFrame({"text": texts(rng, 6_000, words), "a": rng.normal(size=6_000), "b": rng.normal(size=6_000)})
    columns = make_column_transformer((TfidfVectorizer(), "text"), (StandardScaler(), ["a", "b"]))
    pipeline = make_pipeline(columns, LogisticRegression())
    return pipeline.fit(rows, rng.integers(2, size=len(rows))), rows, lambda frame: frame


def row_of(name: str, pipeline: Any, rows: pd.DataFrame, shaped: Callable[[pd.DataFrame], Any]) -> str:
    """Pack a pipeline, and return what it costs."""
    with TemporaryDirectory() as folder:
        manifest = pack(Material(name="mine", title="", estimator=pipeline, rows=rows), Path(folder))
        if manifest.runtime != "compact":
            return f"| {name} | served by {manifest.runtime}: {manifest.not_compact} |"
        bundle = read(Path(folder), "mine")
        terms = len(json.loads(bundle.files["model.compact.json"])["documents"][0].get("terms", ())) or "hashed"
        model, started = load(bundle), fresh(folder)
        size = len(bundle.files["model.compact.json"]) / 1e6
    words = " ".join(rows["text"]).split()
    few = [rows[:1].assign(text=" ".join(words[n * SHORT :][:SHORT])) for n in range(50)]
    long = rows[:1].assign(text=" ".join(words[:LONG])).to_numpy().tolist()[0]
    lists = [frame.to_numpy().tolist()[0] for frame in few]
    many = json.loads(rows[:1000].to_json(orient="records"))
    table = model.reader(many)
    cost = least({
        "one": lambda: [model.answer_row(row) for row in lists],
        "own": lambda: [pipeline.predict(shaped(frame)) for frame in few],
        "long": lambda: model.answer_row(long),
        "many": lambda: model.predict(table),
        "own many": lambda: pipeline.predict(shaped(rows[:1000])),
    })  # fmt: skip
    ours, own = cost["one"] / len(few), cost["own"] / len(few)
    shown = terms if isinstance(terms, str) else f"{terms:,}"
    return (
        f"| {name} | {shown} | {size:.1f} MB | {started['seconds']:.2f} s | {started['megabytes']:.0f} MiB "
        f"| {ours * 1e6:.0f} µs | {own * 1e6:.0f} µs | {own / ours:.0f}x | {cost['long'] * 1e6:.0f} µs "
        f"| {cost['many'] * 1e3:.0f} ms | {cost['own many'] * 1e3:.0f} ms |"
    )


FRESH = """
import json, sys, time
from pathlib import Path
import numpy, msgspec
from model.check import load_verified
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
before, start = resident(), time.process_time()
model = load_verified(Path(sys.argv[1]), "mine", lazily=True)
print(json.dumps({"seconds": time.process_time() - start, "megabytes": resident() - before}))
"""


def fresh(folder: str) -> dict[str, float]:
    """Return what opening and proving the bundle takes in a process of its own, beside the program."""
    done = subprocess.run([sys.executable, "-c", FRESH, folder], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def least(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the seconds of CPU that each call takes at least."""
    found = dict.fromkeys(calls, float("inf"))
    for _ in range(TURNS):
        for name, call in calls.items():
            start = process_time()
            call()
            found[name] = min(found[name], process_time() - start)
    return found


if __name__ == "__main__":
    main()
