"""The documentation site in a browser: it searches by itself, and asks no other host for anything."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.helpers.site import ROOT, build

pytestmark = pytest.mark.slow


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "docs", out)
    assert done.returncode == 0, done.stderr
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=out)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_page_opens_without_a_call_to_another_host(page, site):
    for each in (ROOT / "docs").rglob("*.md"):
        answer = page.goto(f"{site}/{each.relative_to(ROOT / 'docs').with_suffix('.html')}")
        assert answer.ok
        page.locator("article h1").wait_for(timeout=20_000)


def test_the_search_finds_a_page(page, site):
    page.goto(f"{site}/search.html?q=readiness+drain")
    found = page.locator("#search-results li a").first
    found.wait_for(timeout=20_000)
    found.click()
    page.locator("article h1").wait_for(timeout=20_000)
