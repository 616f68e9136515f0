"""What must stay inside: keys in no log, line or metric, and of all files only those that are served."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.helpers.server import connect, fetch, heard, running, stderr_until_exit

ROOT = Path(__file__).parents[3]
KEY, WRONG = "right-7f3a9c51d2", "wrong-0b8e6d47aa"
ROW = b'{"X":[5.1,3.5,1.4,0.2]}'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = (
    "/",
    "/prediction?sepal_length=1",
    "/prediction?sepal_length=a",
    "/batch",
    "/model",
    "/apidocs/",
)


def asked(url, key):
    """Ask in every way in which somebody might send a key, or by mistake does."""
    for headers in (
        {"Authorization": f"Bearer {key}"}, {"Authorization": f"Basic {key}"}, {"Authorization": key},
        {"X-API-Key": key}, {"Cookie": f"key={key}"}, {"User-Agent": key}, {"Referer": key}, {key: key},
        {"Accept": key}, {"traceparent": key}, {"Content-Encoding": key, "X-API-Key": KEY},
        {"Content-Type": key, "X-API-Key": KEY},
    ):  # fmt: skip
        for path, body in (("/score", ROW), ("/score", b"{}"), ("/nothing", ROW), ("/predict_file", b"a\n1")):
            yield fetch(url + path, body, headers)
    right = {"X-API-Key": KEY}
    for path in (
        f"/score?key={key}",
        f"/{key}",
        f"/v1/models/{key}:predict",
        f"/v2/models/{key}/infer",
        f"/static/{key}",
    ):
        yield fetch(url + path, ROW, right)
    yield fetch(f"{url}/prediction?sepal_length={key}&key={key}")
    yield fetch(f"{url}/predict?sepal_length={key}", headers=right)
    yield fetch(f"{url}/prediction", f"key={key}&sepal_length={key}".encode(), FORM)
    for body in (f'{{"X":["{key}"]}}', f'{{"{key}":1}}', key, f'{{"X":[[5,"{key}",1,1]]}}'):
        yield fetch(f"{url}/score", body.encode(), right)
        yield fetch(f"{url}/predict", body.encode(), right)


def test_no_key_is_ever_logged_or_counted(tmp_path):
    log = tmp_path / "log"
    configured = {
        "api_keys": f"{KEY},another-key-of-ours",
        "log_level": "debug",
        "log_sample_rate": 1,
        "feedback_capacity": 10,
        "max_queue_seconds": 0,
    }
    with log.open("w") as stream, running(log=stream, **configured) as server:
        assert fetch(f"{server.url}/score", ROW, {"X-API-Key": KEY}).status == 200
        statuses = {answer.status for key in (KEY, WRONG) for answer in asked(server.url, key)}
        assert {200, 400, 401, 404, 415} <= statuses
        assert not {status for status in statuses if status >= 500}
        metrics = fetch(f"{server.admin}/metrics").body.decode()
        for path in ("/openapi.json", "/model", "/apidocs/", "/v2", "/readyz"):
            assert KEY not in fetch(server.url + path).body.decode()
        # Python itself would tell, if the environment still held it.
        assert KEY not in Path(f"/proc/{server.pid}/cmdline").read_text()
    found = log.read_text()
    assert found.count('"route":"/score"') > 50
    for key in (KEY, WRONG, "another-key-of-ours"):
        assert key not in found
        assert key not in metrics


def test_a_key_that_is_refused_at_the_start_is_not_repeated():
    with running(api_keys=f"{KEY},no") as server:
        assert server.wait(20) == 2
        written = stderr_until_exit(server)
    assert "at least 8" in written
    assert KEY not in written


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_every_header(path, make_client):
    headers = make_client().get(path, {"Accept": "text/html"}).headers
    wanted = {
        "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }  # fmt: skip
    assert wanted.items() <= headers.items()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "set-cookie" not in headers


OPENED = []
WATCHING = []


def _audit(event, args):
    if WATCHING and event == "open" and isinstance(args[0], str | bytes):
        OPENED.append(os.fsdecode(args[0]))


sys.addaudithook(_audit)


@contextmanager
def nothing_opened_but(*folders):
    """Notice each file that is opened meanwhile: only these, and what Python itself is made of."""
    OPENED.clear()
    WATCHING.append(True)
    try:
        yield
    finally:
        WATCHING.clear()
    allowed = tuple(os.path.realpath(folder) for folder in (*folders, sys.prefix, sys.base_prefix))
    assert [path for path in OPENED if not os.path.realpath(path).startswith(allowed)] == []


PARTS = [
    "..",
    ".",
    "/",
    "\\",
    "\0",
    "%2e%2e",
    "%2f",
    "%00",
    "iris",
    "passwd",
    "etc",
    ":",
    "\n",
    "ﬁ",
    "／",
    "．．",
    "~",
    "é",
]
NAMES = st.lists(st.sampled_from(PARTS), max_size=8).map("".join) | st.text(max_size=40)
PATHS = (
    "/static/{}", "/v1/models/{}", "/v1/models/{}:predict", "/v1/models/{}:explain", "/v2/models/{}",
    "/v2/models/{}/ready", "/v2/models/{}/infer", "/v2/models/iris/versions/{}", "/v2/models/iris/versions/{}/infer",
    "/v2/repository/models/{}/load", "/{}", "/batch/{}", "/apidocs/{}", "/model?model={}", "/?model={}",
    "/batch?model={}", "/prediction?model={}&sepal_length=1", "/apidocs/?model={}", "/openapi.json?model={}",
)  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with running(log_level="error", max_queue_seconds=0) as process:
        yield process


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.sampled_from(PATHS), NAMES, st.sampled_from(["GET", "POST"]))
@example("/static/{}", "../templates/form.html", "GET")
@example("/static/{}", "../../../etc/passwd", "GET")
def test_no_name_in_an_address_opens_a_file_or_fails(make_client, path, name, method):
    client = make_client()
    client.get("/model", {"Accept": "text/html"})
    asked = path.format(quote(name, safe="") if "?" in path else name.replace("?", "")).encode("utf-8", "surrogatepass")
    with nothing_opened_but(ROOT / "api", ROOT / "model"):
        answer = client.ask(method, asked.decode("latin-1"), b"" if method == "GET" else ROW)
    assert answer.status < 500
    assert answer.status >= 300 or b"root:" not in answer.body


RAW = [
    "/static/..%2f..%2f..%2f..%2fetc%2fpasswd", "/static/../../../../etc/passwd", "/static/%2e%2e/templates/form.html",
    "/static/..%5c..%5cpages.py", "/static/form.js%00", "/static//etc/passwd", "//etc/passwd", "/static/%c0%ae%c0%ae/x",
    "/static/%ff%fe", "/v1/models/..%2firis:predict", "/v2/models/%2e%2e%2firis/ready", "/batch?model=..%2f..%2fetc",
    "/model?model=%00", "/%2e%2e/%2e%2e/etc/passwd", "/static/\xe2\x80\xa5/form.js", "http://x/../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", RAW)
def test_nothing_but_what_is_served_comes_out_of_the_real_server(path, server):
    with connect(server.url) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        found = heard(connection)
    assert found.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in found
    assert fetch(f"{server.url}/readyz").status == 200
