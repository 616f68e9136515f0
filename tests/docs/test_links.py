"""Every link in the Markdown files leads to a file, a folder or a heading that exists."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MARKDOWN = MarkdownIt().enable("table")


def links(text):
    """Return every link and image of a Markdown text, but not what only looks like one in code."""
    inline = [child for token in MARKDOWN.parse(text) for child in token.children or ()]
    return [str(each.attrGet("href") or each.attrGet("src")) for each in inline if each.type in ("link_open", "image")]


def anchors(text):
    """Return the anchors that GitHub gives to the headings of a text."""
    tokens = MARKDOWN.parse(text)
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", each.lower())).replace(" ", "-") for each in headings
    }


@cache
def anchors_of(path):
    return anchors(path.read_text())


def dead(path, text):
    """Yield the links of a page that lead nowhere."""
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        there = target.exists() and ROOT in target.parents
        if not there or (anchor and anchor not in (anchors_of(target) if file else anchors(text))):
            yield link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    assert list(dead(path, path.read_text())) == []


@pytest.mark.parametrize(
    "link", ["docs/nothing.md", "#nothing", "docs/how-to.md#nothing", "../", "docs/nothing.png"]
)  # fmt: skip
def test_a_dead_link_is_found(link):
    assert list(dead(ROOT / "README.md", f"# Title\n\n![a picture]({link}) and `[code](nothing)`\n")) == [link]


def test_a_heading_is_found():
    assert list(dead(ROOT / "README.md", "# What's `new`, here?\n\n[up](#whats-new-here)\n")) == []


@pytest.mark.parametrize("index", sorted(ROOT.glob("docs/**/README.md")), ids=lambda path: path.parent.name)
def test_an_index_lists_every_page_beside_it(index):
    beside = {path.name for path in index.parent.glob("*.md")} - {"README.md"}
    assert beside <= set(links(index.read_text()))


def test_a_decision_has_a_number_of_its_own():
    records = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1))
    assert [path.read_text().split(".")[0] for path in records] == [f"# {number}" for number in numbers]
