"""The documentation site is built strictly, and its pages load nothing from another host."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.helpers.site import ROOT, build

pytestmark = pytest.mark.slow
# What a browser fetches without being asked, by element.
LOADED = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "source": ("src", "srcset"), "video": ("src",),
    "audio": ("src",), "embed": ("src",), "object": ("data",), "form": ("action",), "input": ("src",),
}  # fmt: skip
FOREIGN = re.compile(r"^\s*(?:[a-z]+:)?//", re.IGNORECASE)


class Loads(HTMLParser):
    """The addresses that a page loads by itself, and the CSS in it."""

    def __init__(self):
        super().__init__()
        self.addresses, self.styles, self._in_style = [], [], False

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._in_style = tag == "style"
        self.styles.append(found.get("style") or "")
        wanted = LOADED.get(tag, ())
        if tag == "link" and not {"author", "next", "prev", "search", "index"} & set((found.get("rel") or "").split()):
            wanted = ("href",)
        self.addresses += [found[each] for each in wanted if found.get(each)]

    def handle_data(self, data):
        if self._in_style:
            self.styles.append(data)


def css_addresses(text):
    return [a or b for a, b in re.findall(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", text)]


def foreign(html):
    """Return every address of another host that a page would load."""
    page = Loads()
    page.feed(html)
    return [each for each in page.addresses + css_addresses(" ".join(page.styles)) if FOREIGN.match(each)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "docs", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def docs(tmp_path):
    """Give a copy of docs/ to spoil, beside everything else of the repository."""
    for each in ROOT.iterdir():
        if each.name not in ("docs", "build", ".venv", ".git"):
            (tmp_path / each.name).symlink_to(each)
    return Path(shutil.copytree(ROOT / "docs", tmp_path / "docs"))


def test_every_page_is_there_and_is_found_by_search(site):
    names = {str(path.relative_to(ROOT / "docs").with_suffix("")) for path in ROOT.glob("docs/**/*.md")}
    assert all((site / f"{name}.html").exists() for name in names)
    assert (site / "index.html").read_text() == (site / "README.html").read_text()
    index = (site / "searchindex.js").read_text()
    assert all(f'"{name}"' in index for name in names)


def test_no_page_loads_anything_from_another_host(site):
    pages, sheets = list(site.rglob("*.html")), list(site.rglob("*.css"))
    assert pages
    assert sheets
    assert {str(path): found for path in pages if (found := foreign(path.read_text()))} == {}
    assert [each for path in sheets for each in css_addresses(path.read_text()) if FOREIGN.match(each)] == []


@pytest.mark.parametrize("html", [
    '<script src="https://example.org/a.js"></script>', '<link rel="stylesheet" href="//example.org/a.css">',
    '<link rel="preconnect" href="https://example.org">', '<img src="a.png" srcset="https://example.org/a.png 2x">',
    "<style>@font-face { src: url('https://example.org/a.woff2') }</style>",
    "<style>@import '//example.org/a';</style>",
    '<p style="background: url(http://example.org/a.png)">',
])  # fmt: skip
def test_a_call_to_another_host_is_found(html):
    assert len(foreign(html)) == 1


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[dead](nothing.md)", "'nothing.md'"),
        ("[dead](#nothing)", "'nothing'"),
        ("[dead](how-to.md#nothing)", "'nothing'"),
        ("[dead](../nothing.yaml)", "'../nothing.yaml'"),
        ("![dead](nothing.png)", "nothing.png"),
    ],
)
def test_a_dead_link_fails_the_build(text, warning, docs, tmp_path):
    page = docs / "serving.md"
    page.write_text(f"{page.read_text()}\n{text}\n")
    done = build(docs, tmp_path / "out")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert warning in done.stderr


def test_a_page_outside_the_navigation_fails_the_build(docs, tmp_path):
    (docs / "new.md").write_text("# New\n")
    done = build(docs, tmp_path / "out")
    assert done.returncode != 0
    assert "new.md: WARNING: document isn't included in any toctree" in done.stderr


def test_links_to_the_repository_become_paths(site):
    assert "<code" in (site / "promotion.html").read_text().split("environments.yaml")[0][-200:]
