"""Each route has one path: other ways to write it are refused, or are the same path before any routing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.application import build
from api.pipeline.routes import ROUTES
from api.settings import Settings
from api.telemetry.logs import Log
from tests.helpers.server import Client, connect, heard, model, running

SERVED = ("iris", "churn")
APPLICATION, SERVICE = build(Settings(model=SERVED), [model(name) for name in SERVED], Log("error"))
CLIENTS = [Client(APPLICATION), Client(APPLICATION._application)]
PATHS = sorted({(route.method, route.path.replace("<name>", "iris").replace("<version>", "1")) for route in ROUTES})
KNOWN = {path for _, path in PATHS}
BODY = b'{"X":[5.1,3.5,1.4,0.2]}'


def aliases(path):
    """Return other ways to write a path that a careless server would take for it."""
    segments = path.split("/")[1:]
    last = segments[-1]
    return {
        "", "/" + path, "//" + path, path + "/", path + "//", path[1:], "/." + path, "/x/.." + path, path + "/.",
        path + "/..", path + ";x=1", path + "%2f", path + "\0", path + " ", path + "\\", path.replace("/", "\\"),
        path.replace("/", "//"), "/" + "/./".join(segments), "/" + "//".join(segments), path.upper(), path.title(),
        path + ".", path + "?", "http://other" + path, f"/{last}/..{path}",
    } - KNOWN  # fmt: skip


def require_refusal(answer):
    assert answer.status == 404, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["error"]
    assert answer.headers["x-request-id"]
    assert "location" not in answer.headers


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_another_way_to_write_a_path_is_not_found(method, path):
    for alias in sorted(aliases(path)):
        for client in CLIENTS:
            require_refusal(client.ask(method, "/", BODY if method == "POST" else b"", PATH_INFO=alias))


@given(st.sampled_from(PATHS), st.lists(st.sampled_from(["/", "//", "/.", "/..", "/x/..", ";", "%2f", "\\", ""])))
def test_whatever_precedes_or_follows_a_path_makes_it_another(known, pieces):
    method, path = known
    alias = "".join(pieces) + path
    if alias in KNOWN:
        return
    for client in CLIENTS:
        answer = client.ask(method, "/", BODY if method == "POST" else b"", PATH_INFO=alias)
        assert answer.status == 404


REDIRECTS = {
    "/prediction": "./",
    "/apidocs": "apidocs/",
    "/apidocs?model=churn": "apidocs/?model=churn",
    "/apidocs?a=%0d%0aX:y": "apidocs/?a=%0D%0AX%3Ay",
}


@pytest.mark.parametrize("path", REDIRECTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_is_relative_json_and_has_the_request_id(path, client):
    answer = client.get(path, {"Host": "evil.example", "X-Request-ID": "mine"})
    assert (answer.status, answer.headers["location"], answer.json) == (
        303, REDIRECTS[path], {"location": REDIRECTS[path]}
    )  # fmt: skip
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["content-type"] == "application/json"


@pytest.fixture(scope="module")
def server():
    with running(model="iris", log_level="error") as process:
        yield process


TARGETS = {
    b"//score": 404, b"///score": 404, b"/score/": 404, b"/score%2f": 404, b"/./score": 404, b"/x/../score": 404,
    b"/%2e/score": 404, b"/%2e%2e/score": 404, b"/x/%2e%2e/score": 404, b"/SCORE": 404, b"/score;x": 404,
    b"/score%00": 404, b"/score%20": 404, b"/score%0a": 404, b"score": 404, b"*": 404, b"/%2fscore": 404,
    b"/%252fscore": 404, b"//other/score": 404, b"/score": 200,
    # The server gives the path alone, decoded once, to whatever routes: these are /score before any routing.
    b"http://other/score": 200, b"/%73core": 200,
    b"http://other//score": 404, b"http://other": 303,
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_the_real_server_knows_no_aliases(target, server):
    with connect(server.url) as connection:
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (target, len(BODY))
        connection.sendall(head + BODY)
        found = heard(connection)
    status = int(found.split()[1])
    assert status == TARGETS[target]
    assert b"x-request-id" in found.lower()
    if status == 404:
        json.loads(found.partition(b"\r\n\r\n")[2])
