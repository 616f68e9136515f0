"""What the prediction log hides of the features, by the settings and by the rules of a bundle."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from api.application import build
from api.settings import Settings, SettingsError
from api.telemetry.logs import Log
from model.bundle.files import DEFAULT_ROOT, read
from model.prediction_log.layout import KEY
from model.runtime.load import load
from model.segments import strictest
from tests.helpers.logged import CHURN, NAMES, TENSOR, ship
from tests.helpers.server import Client, model


def ruled(log):
    """Return churn as a bundle whose manifest has these rules."""
    bundle = read(DEFAULT_ROOT, "churn")
    manifest = msgspec.structs.replace(bundle.manifest, log=log).stamped()
    return load(replace(bundle, manifest=manifest))


RECORD = dict(zip(model("churn").signature.names, CHURN, strict=True))
SHAPES = {
    "a row": {"X": list(CHURN)},
    "rows": {"X": [list(CHURN)] * 2},
    "a record": {"X": RECORD},
    "records": {"X": [RECORD, dict(reversed(RECORD.items()))]},
    "columns in another order": {"dataframe_split": {"columns": [*RECORD][::-1], "data": [CHURN[::-1]]}},
    "columns": {"inputs": {name: [cell] * 2 for name, cell in RECORD.items()}},
    "a large request": {"X": [list(CHURN)] * 1500},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_bundle_drops_is_not_even_written_to_the_volume(shape, tmp_path):
    names = model("churn").signature.names
    settings = Settings(prediction_log=tmp_path / "log", prediction_log_fields=((names[0], "hash"), (names[4], "keep")))
    application, service = build(settings, [ruled({names[4]: "drop", "*": "keep"})], Log("error"))
    client, sent = Client(application, service), SHAPES[shape]
    path = "/score" if "X" in sent else "/invocations"
    assert client.post(path, sent).status == 200
    service.close()
    (segment,) = (tmp_path / "log").iterdir()
    lines = segment.read_bytes().splitlines()[1:]
    assert lines
    assert not any(CHURN[4].encode() in line for line in lines)
    found = ship(tmp_path / "log", tmp_path / "store")
    assert len(found) == client.service.metrics.prediction_log.rows
    for row in found:
        assert names[4] not in row
        assert [row[name] for name in names if name not in (names[0], names[4])] == [*CHURN[1:4], *CHURN[5:]]


@pytest.mark.parametrize(
    "rules", [({"*": "hash"}, {"*": "drop"}), ({"*": "drop"}, {}), ({"age": "drop"}, {"*": "hash"})]
)
def test_of_two_rules_the_stricter_one_holds(rules):
    assert strictest(["age"], *rules) == strictest(["age"], *rules[::-1]) == {"age": "drop"}
    assert strictest(["age"], {"age": "keep"}, {}) == {}


def test_personal_data_does_not_leave_the_pod(make_client, tmp_path):
    names = model("churn").signature.names
    fields = ((names[0], "hash"), (names[3], "drop"), ("*", "keep"))
    client = make_client("churn", prediction_log=tmp_path / "log", prediction_log_fields=fields)
    client.post("/score", {"X": [list(CHURN), list(CHURN)]})
    client.service.close()
    first, second = ship(tmp_path / "log", tmp_path / "store")
    assert names[3] not in first
    assert first[names[0]] == second[names[0]] != str(CHURN[0])
    assert len(first[names[0]]) == 32
    assert first[names[1]] == CHURN[1]


@pytest.mark.parametrize("what", ["hash", "drop"])
def test_the_log_does_not_describe_what_it_hides(what, make_client, tmp_path):
    features = {each.name: each for each in model("churn").signature.features}
    fields = tuple((name, what) for name in ("contract", "monthly_charges"))
    client = make_client("churn", prediction_log=tmp_path / "log", prediction_log_fields=fields)
    client.post("/score", {"X": list(CHURN)})
    client.service.close()
    (segment,) = (tmp_path / "log").iterdir()
    header = segment.read_bytes().splitlines()[0]
    ship(tmp_path / "log", tmp_path / "store")
    (file,) = (tmp_path / "store" / "predictions").rglob("*.parquet")
    for text in (header, pq.read_schema(file).metadata[KEY]):
        assert json.dumps(features["monthly_charges"].typical).encode() not in text
        assert not any(each.encode() in text for each in features["contract"].categories)
        assert all(each.encode() in text for each in features["internet"].categories)


def test_equal_values_have_one_hash_whatever_they_came_as(make_client, tmp_path):
    client = make_client(prediction_log=tmp_path / "log", prediction_log_fields=((NAMES[0], "hash"),))
    client.post("/score", {"X": [5, 3, 1, 0.5]})
    client.post("/score", {"X": [[5.0, 3, 1, 0.5]]})
    client.post("/score", {"X": [[5, 3, 1, 0.5]] * 300})
    client.post("/v2/models/iris/infer", {"inputs": [TENSOR | {"data": [5, 3, 1, 0.5]}]})
    client.service.close()
    found = ship(tmp_path / "log", tmp_path / "store")
    assert len(found) == 303
    assert len({each[NAMES[0]] for each in found}) == 1


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"prediction_log_fields": (("sepal_lenght", "drop"),)}, "names 'sepal_lenght', which is a feature of none"),
        ({"prediction_log": "/proc/log"}, "PREDICTION_LOG '/proc/log': cannot be written to"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, wanted, tmp_path):
    given = {"model": ("iris",), "prediction_log": tmp_path} | settings
    given["prediction_log"] = Path(given["prediction_log"])
    with pytest.raises(SettingsError, match=wanted):
        build(Settings(**given), [model("iris")])
