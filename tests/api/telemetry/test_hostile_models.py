"""No model spoils the metrics or the pages of another: texts, many categories, extreme numbers, broken series."""

import io
import json
import re
from math import isfinite

import numpy as np
import pandas as pd
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from api.application import build
from api.settings import Settings
from api.telemetry.buffers import RowBuffer
from api.telemetry.logs import Log
from api.telemetry.prometheus import exposition
from model.bundle.files import DEFAULT_ROOT
from model.check import load_verified
from model.drift.counts import MAX_CATEGORIES, NumberCounts
from model.packing.pack import Material, pack
from model.schema.signature import Feature
from tests.api.telemetry.test_metrics import samples, value
from tests.helpers.server import Client, model

# Its models are packed once, in one process.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("hostile models")]
NAMES = ("texts", "cities", "extreme")
CITIES, HUGE = 5000, 1e307


def materials():
    """Return what is fitted on a text, on a column of thousands of categories, and on numbers near the largest."""
    texts = pd.DataFrame({"text": [f"word{i % 37} good bad {i}" for i in range(200)]})
    words = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts["text"], np.arange(200) % 2)
    wide = pd.DataFrame({"city": [f"city-{i % CITIES}" for i in range(2 * CITIES)], "a": np.arange(2.0 * CITIES)})
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), ("passthrough", ["a"]))
    cities = make_pipeline(encoder, DecisionTreeClassifier(max_depth=2)).fit(wide, np.arange(2 * CITIES) % 2)
    extreme = pd.DataFrame({"a": [6e307, -6e307, 1e-308, 0.0] * 10, "b": np.linspace(-1e300, 1e300, 40)})
    nearest = KNeighborsRegressor(1, algorithm="brute").fit(np.eye(40, 2), np.array([6e307, -6e307] * 20))
    return {"texts": (words, texts), "cities": (cities, wide), "extreme": (nearest, extreme)}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Give a folder with a bundle of each of these models."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr("model.packing.prove.MOST_ROWS", 200)
        for name, (estimator, rows) in materials().items():
            pack(Material(name=name, title=name, estimator=estimator, rows=rows), folder)
    return folder


@pytest.fixture
def client(hostile):
    """Give a client of one process that serves all of them, and iris."""
    served = [*(load_verified(hostile, name) for name in NAMES), load_verified(DEFAULT_ROOT, "iris")]
    log = io.StringIO()
    application, service = build(Settings(feedback_capacity=10), served, Log("info", log))
    found = Client(application, service)
    found.log = log
    return found


def ask(client, name, rows):
    answer = client.post(f"/v1/models/{name}:predict", {"instances": rows})
    assert answer.status == 200, answer.body


def test_texts_categories_and_extreme_numbers_leave_metrics_and_pages_whole(client):
    ask(client, "texts", [["good word1"], ["x" * 100_000]])
    ask(client, "cities", [["city-1", 1.0], ["city-4999", 2.0], ["no city", 3.0]])
    ask(client, "extreme", [[HUGE * 17, HUGE * 17], [HUGE * 17, -HUGE * 17]] * 60)
    ask(client, "iris", [[5.1, 3.5, 1.4, 0.2]])
    found = samples(client)
    for name, rows in (("texts", 2), ("cities", 3), ("extreme", 120), ("iris", 1)):
        assert value(found, "request_rows_sum", model=name) == rows
    assert value(found, "feature_outside_total", model="texts", feature="text") == 0
    assert value(found, "feature_category_total", model="texts", feature="text", category="other") == 2
    assert value(found, "feature_outside_total", model="cities", feature="city") == 1
    assert value(found, "feature_value_bucket", model="extreme", feature="a", le="+Inf") == 120
    assert all(isfinite(number) for number in found.values())
    assert not any(name == "metrics_errors_total" for name, *_ in found)
    body, _ = exposition(client.service.metrics, "application/openmetrics-text; version=1.0.0")
    assert list(openmetrics(body.decode()))
    for name in (*NAMES, "iris"):
        for path in ("/model", "/", "/batch"):
            shown = client.get(f"{path}?model={name}", {"Accept": "text/html"})
            assert (shown.status, len(shown.body) < 300_000) == (200, True)
            assert not re.search(rb'="-?(nan|inf)', shown.body)
    assert client.get("/openapi.json").status == 200


def test_only_the_commonest_categories_have_series_of_their_own(client):
    ask(client, "cities", [[f"city-{i}", 1.0] for i in range(CITIES)])
    found = samples(client)
    own = [dict(labels) for name, *labels in found if name == "feature_category_total"]
    assert sum(each["feature"] == "city" for each in own) == MAX_CATEGORIES + 1
    rest = value(found, "feature_category_total", model="cities", feature="city", category="other")
    assert rest == CITIES - MAX_CATEGORIES
    version = client.service.models.by_name["cities"].version
    of = {"model": "cities", "version": version, "feature": "city", "range": "(others)"}
    assert value(found, "drift_reference", **of) == pytest.approx(1 - MAX_CATEGORIES / CITIES)
    assert value(found, "drift_rows_total", **of) == CITIES - MAX_CATEGORIES


def test_a_broken_series_is_left_out_counted_and_logged_once(client, monkeypatch):
    watch = client.service.metrics.models["iris"]
    monkeypatch.setattr(watch.features["petal_width"], "buckets", lambda _: 1 / 0)
    monkeypatch.setattr(watch.features["sepal_width"], "extend", lambda _: 1 / 0)
    for _ in range(2):
        ask(client, "iris", [[5.1, 3.5, 1.4, 0.2]])
        found = samples(client)
    assert ("feature_missing_total", ("feature", "petal_width"), ("model", "iris")) not in found
    assert value(found, "feature_value_count", model="iris", feature="petal_length") == 2
    assert value(found, "feature_value_count", model="iris", feature="sepal_width") == 0
    assert value(found, "request_rows_sum", model="iris") == 2
    assert value(found, "request_rows_sum", model="texts") == 0
    for series in ("petal_width", "sepal_width"):
        assert value(found, "metrics_errors_total", model="iris", series=series) == 2
    lines = [json.loads(line) for line in client.log.getvalue().splitlines()]
    errors = [(line["series"], line["error"]) for line in lines if line["event"] == "metrics_error"]
    assert sorted(errors) == [("petal_width", "ZeroDivisionError"), ("sepal_width", "ZeroDivisionError")]


@pytest.mark.parametrize("values", [[HUGE * 17] * 9, [HUGE * 17, HUGE * 17, -HUGE * 17, -HUGE * 17, 1.0]])
def test_a_sum_stays_a_number(values):
    counts = NumberCounts([0.0])
    for _ in range(3):
        counts.extend(values)
    assert isfinite(counts.sum)
    for _ in range(2):
        counts.extend([-HUGE * 17] * 40)
    assert counts.sum < -1e308


def test_labels_that_are_written_alike_make_one_series(make_client):
    client = make_client("churn")
    counts = client.service.metrics.models["churn"].features["contract"]
    counts.counts |= {"other": 2, "missing": 3, "(others)": 4, 1: 5, "1": 6}
    body, _ = exposition(client.service.metrics, "text/plain")
    families = text_string_to_metric_families(body.decode())
    names = [(each.name, *sorted(each.labels.items())) for family in families for each in family.samples]
    assert len(names) == len(set(names))
    assert value(samples(client), "feature_category_total", model="churn", feature="contract", category="1") == 11


def test_a_long_text_is_not_kept_until_the_flush():
    buffer = RowBuffer([Feature(name="a", type="string", categories=("yes", "no")), Feature(name="b", type="string")])
    buffer.add(["yes" * 9999, "y" * 9999], 0, 0.1)
    buffer.add(["yes", None], 0, 0.1)
    buffer.add_batch({name: np.array([["x" * 9999]], dtype=object) for name in "ab"}, [0], 0.1)
    (columns,) = buffer.take_columns()
    assert [len(each) for each in columns[0]] == [4, 3, 4]
    assert columns[0][0] not in ("yes", "no")
    assert sum(len(each or "") for each in columns[1]) < 10


def test_metrics_of_a_feature_without_limits_have_finite_bounds():
    metrics = exposition(build(Settings(), [model("iris")], Log("error"))[1].metrics, "text/plain")[0]
    assert not re.search(rb'le="(-?inf|nan)"', metrics)
