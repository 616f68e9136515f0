"""The OpenAPI document is valid, follows the signatures, and every one of its examples runs."""

import json

import pytest
from openapi_spec_validator import validate

from tests.helpers.bundles import SAMPLES


@pytest.mark.parametrize("names", [*((name,) for name in SAMPLES), SAMPLES])
def test_the_document_is_valid_and_its_examples_run(names, make_client):
    client = make_client(*names)
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
                ran += 1
        for operation in operations.values():
            assert operation["operationId"]
    assert ran > 10
    assert all(f"/v2/models/{name}/infer" in document["paths"] for name in names)


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
