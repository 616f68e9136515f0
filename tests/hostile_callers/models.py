"""The bundles that are served: the samples, a text model of fifty classes, and a wide regression."""

import shutil

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from model.bundle.files import DEFAULT_ROOT
from model.packing import prove
from model.packing.pack import Material, pack
from tests.helpers.bundles import SAMPLES

NAMES = (*SAMPLES, "text", "wide")
RNG = np.random.default_rng(5)


def text():
    """Tell fifty topics apart by words, in any case: the model must not need a locale of the machine."""
    topics = np.repeat(np.arange(50), 8)
    texts = [" ".join(f"word{topic * 8 + n}" for n in RNG.integers(0, 8, 6)) for topic in topics]
    rows = pd.DataFrame({"text": texts})
    estimator = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression())
    estimator.fit(rows["text"], np.array([f"topic-{topic:02d}" for topic in topics]))
    return Material("text", "Topics", estimator, rows)


def wide():
    rows = pd.DataFrame(RNG.normal(size=(400, 300)), columns=[f"column_{n:03d}" for n in range(300)])
    return Material("wide", "Wide", Ridge().fit(rows, rows.sum(axis=1)), rows)


def packed(folder):
    """Write all bundles below a folder; these two prove nothing here, so that few rows must do."""
    for name in SAMPLES:
        shutil.copytree(DEFAULT_ROOT / name, folder / name)
    before, prove.MOST_ROWS = prove.MOST_ROWS, prove.LEAST_ROWS
    try:
        for material in (text(), wide()):
            pack(material, folder)
    finally:
        prove.MOST_ROWS = before
    return folder
