"""Pages come with nothing inline and nothing from elsewhere; their files can be kept for ever."""

import re

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator


@pytest.mark.parametrize("path", ["/", "/prediction?sepal_length=1", "/batch", "/model", "/apidocs/"])
def test_a_page_allows_nothing_but_its_own_files(path, make_client):
    client = make_client()
    client.post("/score", {"X": [[5.1, 3.5, 1.4, 0.2]]})
    answer = client.get(path, {"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    text = answer.body.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=|(src|href|action)=.?https?://", text)


def test_static_files_have_lasting_names(make_client):
    client = make_client()
    files = re.findall(r'(?:src|href)="\.\./(static/[^"]+)"', client.get("/apidocs/").body.decode())
    assert len(files) == 2
    for file in files:
        answer = client.get(f"/{file}")
        assert (answer.status, "immutable" in answer.headers["cache-control"]) == (200, True)
    assert client.get("/static/nothing.js").status == 404


@pytest.mark.parametrize("name", ["iris", "churn", "wine"])
def test_the_older_document_is_valid_too(name, make_client):
    document = make_client(name).get("/apispec_1.json").json
    assert document["swagger"] == "2.0"
    OpenAPIV2SpecValidator(document).validate()
