"""`python -m model log`: what was logged is counted, judged, compared with training, and written for retraining."""

import csv
import random
import re
import shutil

import pytest
from click.testing import CliRunner

from api.application import build
from api.settings import Settings
from api.telemetry.drift import drift_of
from api.telemetry.logs import Log
from model.__main__ import main
from model.bundle.files import DEFAULT_ROOT, read
from model.packing.data import read_data
from model.prediction_log.read import LoggedRows
from model.prediction_log.summary import summarise
from tests.helpers.logged import ship
from tests.helpers.server import Client, model

NAMES = list(read(DEFAULT_ROOT, "iris").manifest.signature.names)
TITLES = read(DEFAULT_ROOT, "iris").manifest.signature.targets[0].titles


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Score 200 rows of iris with a truth for half of them, and some of churn; give the store and the service."""
    folder, store = tmp_path_factory.mktemp("log"), tmp_path_factory.mktemp("store")
    settings = Settings(model=("iris", "churn"), prediction_log=folder, feedback_capacity=500, log_level="error")
    application, service = build(settings, [model("iris"), model("churn")], Log("error"))
    client, draw, right = Client(application, service), random.Random(0), 0
    for number in range(200):
        answer = client.post("/score", {"X": [round(draw.uniform(0.1, 8), 1) for _ in NAMES]})
        (predicted,) = answer.json["score"]
        if number % 2:
            truth = draw.randrange(3)
            right += truth == predicted
            feedback = {
                "request_id": answer.headers["x-request-id"],
                "truth": TITLES[truth] if number % 4 == 1 else truth,
            }
            assert client.post("/feedback", feedback).status == 200
    row = read(DEFAULT_ROOT, "churn").manifest.golden.rows[0]
    client.post("/v1/models/churn:predict", {"instances": [list(row)] * 5})
    service.close()
    ship(folder, store)
    return store, service, right


def run(*args):
    return CliRunner().invoke(main, ["log", *map(str, args)], env={"COLUMNS": "200"})


def test_rows_and_accuracy_are_those_that_were_sent(logged):
    store, service, right = logged
    done = run(store)
    assert done.exit_code == 0, done.output
    cells = {line.split()[0]: line.split()[3:] for line in done.output.splitlines()[1:3]}
    assert cells == {"iris": ["200", "100", f"{right}.0%"], "churn": ["5", "0", "—"]}
    accuracy = service.metrics.models["iris"].accuracy
    assert (accuracy.rows, accuracy.correct) == (100, right)


@pytest.mark.parametrize("name", ["predictions", "feedback", "predictions/model=iris", "file:///predictions/"])
def test_a_place_of_any_name_is_read(name, logged, tmp_path):
    store, _, right = logged
    place = f"file://{tmp_path}/predictions/" if "://" in name else tmp_path / name
    shutil.copytree(store, tmp_path / name.removeprefix("file:///"))
    done = run(place, "--model", "iris")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[1].split()[3:] == ["200", "100", f"{right}.0%"]


@pytest.mark.parametrize("name", ["iris", "churn"])
def test_drift_is_the_one_that_the_service_shows(name, logged):
    store, service, _ = logged
    summary = summarise(LoggedRows(str(store), name), lambda *_: model(name).manifest)
    ((_, found),) = summary.drifts.items()
    service.metrics.flush()
    wanted = {each.feature: each for each in drift_of(service.metrics, model(name)) if each.received}
    assert {each.feature: each.psi for each in found} == {each.feature: each.psi for each in wanted.values()}
    assert all(each == wanted[each.feature] for each in found)


def test_rows_with_a_truth_train_a_model(logged, tmp_path):
    path = tmp_path / "rows.csv"
    done = run(logged[0], "--model", "iris", "--training", path)
    assert done.output == f"wrote 100 rows to {path}\n"
    data = read_data(path)
    assert list(data.frame.columns) == [*NAMES, "species"]
    assert set(data.frame["species"]) == {"0", "1", "2"}
    typed = tmp_path / "rows.parquet"
    assert run(logged[0], "--model", "iris", "--training", typed).exit_code == 0
    frame = read_data(typed).frame
    assert frame["species"].dtype == "int64"
    assert len(frame) == 100


def test_every_row_can_be_written(logged, tmp_path):
    path = tmp_path / "all.csv"
    assert run(logged[0], "--model", "iris", "--rows", path).exit_code == 0
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len({each["request_id"] for each in rows}) == 200
    assert sum(each["truth"] != "" for each in rows) == 100
    assert {(each["model"], each["version"]) for each in rows} == {("iris", model("iris").version)}


def test_the_report_stands_alone(logged, tmp_path):
    path = tmp_path / "report.html"
    assert run(logged[0], "--html", path).output == f"wrote {path}\n"
    page = path.read_text()
    assert page.count("<svg") > 12
    assert not re.search(r"<script|<link|src=|href=|http", page.partition("<style>")[2].partition("</style>")[2])
    for each in ("iris", "churn", "Accuracy a day", "large shift", *NAMES):
        assert each in page


def test_a_version_whose_bundle_is_not_here_is_named(logged, tmp_path):
    done = run(logged[0], "--model", "iris", "--bundles", tmp_path)
    assert done.exit_code == 0
    assert "its bundle is not here, so there is nothing to compare with" in done.output


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--model", "wine"], "has no model 'wine'; it has churn, iris"),
        (["--model", "iris", "--version", "0"], "has no version '0'; it has"),
        (["--until", "2020-01-01"], "has no rows of these days; it has 20"),
        (["--since", "yesterday"], "'yesterday' is no day such as 2026-11-28"),
        (["--rows", "rows.txt"], "rows.txt must end in .csv, .parquet, .pq"),
        (["--rows", "rows.csv"], "has the models churn, iris: choose one with --model"),
        (["--model", "churn", "--training", "rows.csv"], "has no reported truth for these rows: send it to /feedback"),
    ],
)
def test_wrong_use_is_reported_in_a_sentence(options, wanted, logged):
    done = run(logged[0], *options)
    assert done.exit_code == 2
    assert wanted in done.output
    assert "Traceback" not in done.output


def test_a_place_without_a_log_is_named(tmp_path):
    assert run(tmp_path).output == f"error: {tmp_path} holds no log: the shipper writes predictions/ there\n"
