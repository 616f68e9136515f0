"""From Python: pack, load, check and serve, as somebody in a notebook calls them."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from msgspec import Raw
from msgspec.json import encode
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from model.schema.signature import SignatureError
from model.user_error import UserError
from score_app import check, load, pack, serve
from tests.helpers.server import fetch, has_ipv6
from tests.helpers.waiting import until

RNG = np.random.default_rng(5)
ROWS = pd.DataFrame(
    {
        "age": pd.array(RNG.integers(18, 90, 200), dtype="Int64"),
        "plan": pd.Categorical(RNG.choice(["free", "paid"], 200)),
        "spent": RNG.gamma(2, 30, 200).astype("float32"),
        "trial": RNG.random(200) < 0.5,
    }
)
LEFT = pd.Series(np.where(RNG.random(200) < ROWS["spent"] / 120, "yes", "no"), name="left")


def customers():
    columns = make_column_transformer(
        (OneHotEncoder(), ["plan"]), (StandardScaler(), ["age", "spent"]), remainder="passthrough"
    )
    return make_pipeline(columns, LogisticRegression()).fit(ROWS, LEFT)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    estimator = customers()
    return folder, estimator, pack(estimator, ROWS, LEFT, name="customers", bundles=folder)


def test_a_frame_s_types_are_those_of_the_bundle(packed):
    age, plan, spent, trial = packed[2].manifest.signature.features
    assert [each.type for each in (age, plan, spent, trial)] == ["integer", "string", "number", "boolean"]
    assert [each.dtype for each in (age, plan, spent)] == ["Int64", "category", "float32"]
    assert (plan.categories, plan.closed) == (("free", "paid"), True)
    assert packed[2].manifest.signature.targets[0].name == "left"
    assert packed[2].manifest.evaluation.rows == 200


def test_a_loaded_bundle_answers_a_frame_as_the_estimator_does(packed):
    folder, estimator, _ = packed
    loaded = load("customers", bundles=folder)
    shuffled = ROWS[["trial", "spent", "age", "plan"]].tail(50)
    assert loaded.predict(shuffled).tolist() == estimator.predict(ROWS.tail(50)).tolist()
    np.testing.assert_allclose(loaded.predict_proba(shuffled), estimator.predict_proba(ROWS.tail(50)), atol=1e-6)
    assert loaded.predict({"age": 30, "plan": "paid", "spent": 5.5, "trial": True}).shape == (1,)


def test_a_check_is_a_sentence(packed):
    assert check("customers", bundles=packed[0]).startswith(f"customers {packed[2].version}: good; ")


def test_a_notebook_shows_the_card(packed):
    shown = packed[2]._repr_html_()
    assert "&lt;h1&gt;Customers&lt;/h1&gt;" in shown
    assert shown.startswith("<iframe")
    assert "<script" not in shown


def test_a_service_answers_while_its_context_lasts(packed):
    with serve("customers", bundles=packed[0]) as server:
        row = {"age": 30, "plan": "paid", "spent": 5.5, "trial": True}
        body = pd.Series(row).to_json().encode()
        answer = fetch(f"{server}/score", b'{"X": [' + body + b"]}").json
        assert answer == {"score": load("customers", bundles=packed[0]).predict(row).tolist()}
        assert server.is_running
    assert not server.is_running
    server.stop()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_service_on_another_address_has_that_in_its_url():
    with serve("iris", host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert fetch(f"{server}/livez").json == {"status": "ok"}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_service_ends_when_its_parent_is_killed():
    program = "from score_app import serve\nserver = serve('iris')\nprint(server._process.pid, flush=True)\ninput()"
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.communicate()
    until(lambda: not alive(child), "the service ends", 20)


def test_functions_of_a_notebook_are_served(tmp_path):
    # `python -c` has its functions in __main__, as a notebook has.
    program = """
import numpy as np, pandas as pd
from urllib.request import urlopen
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from score_app import pack, serve
def doubled(rows): return rows * 2
X = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0) % 7})
line = make_pipeline(FunctionTransformer(doubled), LinearRegression()).fit(X, X["a"] + X["b"])
pack(line, X, name="line")
with serve("line") as server:
    print(urlopen(f"{server}/score", data=b'{"X": [3.0, 4.0]}').read().decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"BUNDLES": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout[:11]) == (0, '{"score":[7') or done.stdout[:13] == '{"score":[6.9', done.stderr


def test_arrays_and_dates_are_packed_too(tmp_path):
    numbers = RNG.normal(size=(60, 2))
    line = LinearRegression().fit(numbers, numbers.sum(axis=1))
    packed = pack(line, numbers, numbers.sum(axis=1), name="line", bundles=tmp_path)
    np.testing.assert_allclose(packed.predict(numbers[:5]), line.predict(numbers[:5]), atol=1e-6)
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60)})
    year = make_pipeline(FunctionTransformer(lambda rows: rows["day"].dt.day_of_year.to_frame()), LinearRegression())
    packed = pack(year.fit(days, np.arange(60)), days, name="year", bundles=tmp_path)
    assert packed.predict([[datetime(2026, 1, 3, tzinfo=UTC).replace(tzinfo=None)]]).round() == [2]


def test_what_pandas_calls_missing_is_null_in_dictionaries_lists_and_arrays(tmp_path):
    X = pd.DataFrame({"a": pd.array([1, 2, None, 4] * 20, dtype="Int64"), "b": np.arange(80.0)})
    forest = HistGradientBoostingRegressor(max_iter=5).fit(X, np.arange(80.0))
    loaded = pack(forest, X, name="gaps", bundles=tmp_path)
    expected = loaded.predict(pd.DataFrame({"a": pd.array([None], dtype="Int64"), "b": [3.0]})).tolist()
    for missing in (pd.NA, pd.NaT, np.datetime64("NaT"), None, np.nan):
        assert loaded.predict({"a": missing, "b": 3.0}).tolist() == expected
        assert loaded.predict([[missing, 3.0]]).tolist() == expected
        assert loaded.predict(np.array([[missing, 3.0]], dtype=object)).tolist() == expected
    with pytest.raises(SignatureError, match="row 0, a: expected a number, got a string"):
        loaded.predict({"a": np.datetime64("2026-01-03"), "b": 3.0})


def test_dates_of_numpy_are_dates(tmp_path):
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60)})
    year = make_pipeline(FunctionTransformer(lambda rows: rows["day"].dt.day_of_year.to_frame()), LinearRegression())
    packed = pack(year.fit(days, np.arange(60)), days, name="year", bundles=tmp_path)
    for unit in ("D", "us", "ns"):
        day = np.datetime64("2026-01-03", unit)
        for given in ({"day": day}, [[day]], np.array([[day]])):
            assert packed.predict(given).round() == [2]
    assert packed.predict({"day": date(2026, 1, 3)}).round() == [2]


def test_boosting_over_texts_says_why_it_is_not_compiled(tmp_path):
    X = ROWS[["plan", "spent"]]
    for forest in (
        HistGradientBoostingClassifier(max_iter=5),
        make_pipeline(HistGradientBoostingClassifier(max_iter=5)),
    ):
        packed = pack(forest.fit(X, LEFT), X, name="texts", replace=True, bundles=tmp_path)
        assert packed.manifest.reason == "HistGradientBoosting that encodes texts itself"


@pytest.mark.parametrize("text", [False, True])
def test_a_boolean_is_true_false_0_or_1_in_every_form_of_a_model(text, tmp_path):
    X = ROWS[["spent", "trial", *(["plan"] if text else [])]].astype({"spent": "float64"})
    columns = make_column_transformer((OneHotEncoder(), ["plan"] if text else []), remainder="passthrough")
    for estimator in (LogisticRegression(), DecisionTreeClassifier(max_depth=3)):
        model = make_pipeline(columns, estimator).fit(X, LEFT)
        loaded = pack(model, X, name="flags", replace=True, bundles=tmp_path)
        assert text or loaded.manifest.compact is not None
        with serve("flags", bundles=tmp_path) as server:
            rest = ["paid"] if text else []
            for flag in ("true", "0", "1.0"):
                assert fetch(f"{server}/score", encode({"X": [5.5, Raw(flag.encode()), *rest]})).status == 200
            for flag in (2, 0.5, -1):
                for rows in ([5.5, flag, *rest], [[5.5, flag, *rest]] * 2):
                    answer = fetch(f"{server}/score", encode({"X": rows}))
                    assert answer.status == 422
                    assert "trial: expected true or false" in answer.body.decode()
        with pytest.raises(SignatureError, match="trial: expected true or false"):
            loaded.predict([[5.5, 2, *rest]])


def test_a_taken_name_is_kept_unless_replaced(packed):
    folder, estimator, _ = packed
    with pytest.raises(UserError, match="replace=True overwrites it"):
        pack(estimator, ROWS, name="customers", bundles=folder)


def test_a_taken_port_is_named(packed):
    with serve("iris") as first, pytest.raises(UserError, match=r"did not start: PORT .* is taken"):
        serve("iris", port=int(first.url.rpartition(":")[2]))


def test_wrong_rows_are_named(packed):
    loaded = packed[2]
    with pytest.raises(SignatureError, match="spent: is missing"):
        loaded.predict(ROWS.drop(columns="spent"))
    with pytest.raises(SignatureError, match="row 1, plan"):
        loaded.predict([[30, "paid", 5.5, True], [30, "gone", 5.5, True]])
