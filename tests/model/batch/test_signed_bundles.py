"""With MODEL_KEYS, files are scored with signed bundles only, as requests are."""

import pandas as pd
import pyarrow as pa
import pytest

from model.batch.tables import TableScorer
from model.bundle.files import BundleError
from tests.helpers.signing import Pair
from tests.model.batch.conftest import answers


@pytest.fixture
def keys(tmp_path, monkeypatch):
    found = Pair(tmp_path)
    monkeypatch.setenv("MODEL_KEYS", str(found.public))
    return found


def test_a_signed_bundle_scores(bundles, keys, parquet, frame, tmp_path, score):
    keys.sign(bundles, "churn")
    score(parquet, tmp_path / "out.parquet", "--bundles", bundles)
    assert pd.read_parquet(tmp_path / "out.parquet")["prediction"].tolist() == answers(frame)


def test_any_other_bundle_is_refused(bundles, keys, parquet, frame, tmp_path, score, monkeypatch):
    ask = (parquet, tmp_path / "out.parquet", "--bundles", bundles)
    unsigned = "churn: is not signed: python -m model sign churn --key PRIVATE.pem"
    assert score(*ask, refused=True) == f"error: {unsigned}"
    with pytest.raises(BundleError, match="churn: is not signed"):
        TableScorer("churn", bundles)(pa.Table.from_pandas(frame))
    Pair(tmp_path, "other").sign(bundles, "churn")
    assert "churn: is signed with a key that is not trusted here" in score(*ask, refused=True)
    assert not (tmp_path / "out.parquet").exists()
    # An empty value must not let every bundle in.
    monkeypatch.setenv("MODEL_KEYS", "")
    assert "MODEL_KEYS '': must be a PEM file of public keys" in score(*ask, refused=True)
