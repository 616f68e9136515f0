"""The OpenAPI document is valid, follows the signatures, and every one of its examples is answered as it says."""

import json

import numpy as np
import pandas as pd
import pytest
from openapi_spec_validator import validate
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from api.application import build
from api.settings import Settings
from model.check import load_verified
from model.packing.pack import Material, pack
from tests.helpers.bundles import SAMPLES
from tests.helpers.server import Client


@pytest.mark.parametrize("names", [*((name,) for name in SAMPLES), SAMPLES])
def test_the_document_is_valid_and_its_examples_run(names, make_client):
    require_true_document(make_client(*names), names)


def test_the_document_is_true_for_a_column_of_answers_identifiers_and_flags(tmp_path):
    number, size = np.arange(40) % 4 + 2**53 + 1, np.arange(40.0) % 7
    rows = pd.DataFrame({"number": number, "size": size, "new": [True, False] * 20})
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["number"]), ("passthrough", ["size", "new"])
    )
    estimator = make_pipeline(columns, LinearRegression()).fit(rows, np.arange(40.0).reshape(-1, 1))
    pack(Material(name="odd", title="odd", estimator=estimator, rows=rows), tmp_path)
    application, _ = build(Settings(model=("odd",)), [load_verified(tmp_path, "odd")])
    require_true_document(Client(application), ["odd"])


def require_true_document(client, names):
    document = client.get("/openapi.json").json
    validate(document)
    ran = 0
    for path, operations in document["paths"].items():
        for content_type, body in operations.get("post", {}).get("requestBody", {}).get("content", {}).items():
            for example in body.get("examples", {}).values():
                value = example["value"]
                sent = value.encode() if isinstance(value, str) else json.dumps(value).encode()
                answer = client.post(path, sent, {"Content-Type": content_type})
                assert answer.status == 200, (path, answer.body)
                assert_documented(operations["post"], answer.json)
                ran += 1
        for operation in operations.values():
            assert operation["operationId"]
    assert ran > 10
    assert all(f"/v2/models/{name}/infer" in document["paths"] for name in names)


def assert_documented(operation, answer):
    """Compare an answer with the examples of answers, if there are some."""
    examples = operation["responses"]["200"]["content"]["application/json"].get("examples", {}).values()
    # 5 and 5.0 are the same to Python, and not to everybody who reads the example.
    documented = [repr(comparable(each["value"])) for each in examples]
    assert not documented or repr(comparable(answer)) in documented


def comparable(value):
    """Return an answer without its id, with its first output alone, and with fewer digits."""
    if isinstance(value, dict):
        kept = {key: comparable(each) for key, each in sorted(value.items()) if key != "id"}
        return kept | {key: kept[key][:1] for key in ("outputs",) if key in kept}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_values_follow_the_signature(make_client):
    row = make_client("churn").get("/openapi.json").json["components"]["schemas"]["churn.record"]
    assert row["properties"]["internet"]["type"] == ["string", "null"]
    assert "enum" not in row["properties"]["internet"]
    tenure = row["properties"]["tenure_months"]
    assert (tenure["type"], tenure["description"]) == (["number", "null"], "months; in training 0 to 72")
    purchase = make_client("purchase").get("/openapi.json").json["components"]["schemas"]["purchase.record"]
    assert purchase["properties"]["age"]["type"] == "number"
    assert purchase["required"] == ["age", "new_user", "total_pages_visited"]


def test_the_query_s_example_runs(make_client):
    client = make_client("purchase")
    fields = client.get("/openapi.json").json["paths"]["/predict"]["get"]["parameters"]
    query = "&".join(f"{field['name']}={field['example']}" for field in fields if "example" in field)
    assert client.get(f"/predict?{query}").status == 200
