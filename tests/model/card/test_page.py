"""The card, from its front door: whatever a manifest says is drawn, readable, escaped and true to its numbers."""

import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from model.bundle.manifest import Evaluation, Histogram, Reference
from model.card import page as card_page
from model.card import terminal, wording
from model.rendering.styles import STYLES
from model.rendering.text import printable
from model.schema.signature import Feature, Signature, Target
from tests.model.card.samples import EVERY, classifier, manifest, regressor, wide

VOID = {"meta"}


class Page(HTMLParser):
    """Check that tags are balanced, and keep what a reader and a browser would meet."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], set(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def drawings(text):
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def texts(drawing):
    return ["".join(text.itertext()) for text in drawing.iter("text")]


def printed(sample, width=100):
    file = StringIO()
    Console(file=file, width=width).print(terminal.text(sample))
    return file.getvalue()


@pytest.mark.parametrize("sample", EVERY.values(), ids=EVERY)
def test_every_kind_of_model_has_a_page_that_asks_nothing_of_anybody(sample):
    text = card_page.html(sample)
    page = Page(text)
    names = {name for name, _ in page.attributes}
    assert text.startswith("<!doctype html>")
    assert not page.tags & {"script", "link", "img", "iframe", "object", "use", "image", "a", "form"}
    assert not {name for name in names if name in {"style", "src", "href"} or name.startswith("on")}
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert sample.title in page.text
    assert sample.version in page.text
    for digest in sample.files.values():
        assert digest in page.text


@pytest.mark.parametrize("sample", EVERY.values(), ids=EVERY)
def test_every_figure_is_xml_without_size_and_speaks_to_those_who_cannot_see_it(sample):
    for drawing in drawings(card_page.html(sample)):
        assert drawing.get("role") == "img"
        assert [part.tag for part in drawing[:2]] == ["title", "desc"]
        assert drawing[0].text
        assert drawing[1].text
        assert drawing.get("viewBox").startswith("0 0 ")
        assert drawing.get("width") is None
        assert not {value for part in drawing.iter() for value in part.attrib.values()} & {"nan", "inf", "-inf"}


@pytest.mark.parametrize("sample", EVERY.values(), ids=EVERY)
def test_every_kind_of_model_has_a_card_for_the_terminal(sample):
    text = printed(sample)
    assert sample.title in text
    assert sample.version in text
    assert sample.estimator in text
    assert sample.files["model.joblib"] in text


def test_a_classifier_s_page_says_what_its_manifest_knows():
    text = Page(card_page.html(classifier())).text
    for expected in ("ROC AUC", "0.9876", "0.875", "131 rows", "setosa", "3 of 38 rows missing", "Not for roses."):
        assert expected in text
    assert "no label differs" in text
    assert "0 = setosa, 1 = virginica" in text
    assert "only red, blue" in text


def test_a_page_says_why_scikit_learn_serves_and_that_nobody_judged():
    assert "no converter for Oddity" in Page(card_page.html(regressor())).text
    assert wording.UNJUDGED in Page(card_page.html(EVERY["outliers"])).text


def test_the_terminal_s_card_shows_metrics_features_bars_and_parity():
    text = printed(classifier())
    assert re.search(r"ROC AUC +0\.9876", text)
    assert re.search(r"length +number +cm +0 – 10 +4\.5 +taken", text)
    assert re.search(r"virginica +█{28} +70", text)
    assert re.search(r"setosa +█{24}▍ +61", text)
    assert re.search(r"colour +█{7} +−0\.100", text)
    assert "no label differs" in text


def test_the_terminal_s_card_obeys_no_name():
    hostile = msgspec.structs.replace(classifier(), title="[red]x[/red]\x1b[31m", notes=("[/]",))
    text = printed(hostile)
    assert "[red]x[/red]" in text
    assert "\x1b" not in text


def test_two_hundred_features_are_folded_but_all_there():
    text = card_page.html(wide())
    before, *folded = text.split("<details>")
    assert len(folded) == 3
    assert before.count("<svg") == 1
    assert sum("feature 199" in part for part in folded) == 3
    assert "and 170 more" in printed(wide())


def test_the_page_s_policy_names_the_style_it_carries():
    text = card_page.html(classifier())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in text


@settings(max_examples=25, deadline=None)
@given(
    st.text(min_size=1) | st.sampled_from(["<script>alert(1)</script>", "\"'><b>&amp;", "\x1b[2J", "]]>", "</title>"])
)
def test_whatever_a_name_holds_is_text_and_nothing_else(name):
    tags = Page(card_page.html(classifier())).tags
    sample = classifier()
    signature = Signature(
        task="classification",
        features=(Feature(name=name, type="string", unit=name, categories=(name,), typical=name),),
        targets=(Target(name=name, classes=(name, name + "2"), titles=(name, name)),),
    )
    evaluation = msgspec.structs.replace(sample.evaluation, source=name, metrics={name: 1.0}, importance={name: 1.0})
    reference = Reference(
        features={name: Histogram(counts=(1,), categories=(name,))},
        predictions=(Histogram(counts=(1,), categories=(name,)),),
    )
    everywhere = {"title": name, "estimator": name, "notes": (name,), "files": {name: name}, "requires": {name: name}}
    text = card_page.html(manifest(signature, reference, name, evaluation=evaluation, **everywhere))
    page = Page(text)
    assert page.tags <= tags
    assert " ".join(printable(name).split()) in page.text
    assert drawings(text)
    assert "\x1b" not in printed(manifest(signature, reference, name, evaluation=evaluation, **everywhere))


def test_the_figures_classes_all_have_a_colour():
    style = "".join(file.read_text(encoding="utf-8") for file in STYLES)
    used = {name for sample in EVERY.values() for name in re.findall(r"\bfig-[a-z]+", card_page.body(sample))}
    assert all(f".{name}" in style for name in used)
    assert len(used) > 10


def test_thousands_of_features_and_classes_make_no_page_without_end():
    names, classes = [f"x{place}" for place in range(5000)], tuple(range(1000))
    features = tuple(Feature(name=name, type="number", low=0.0, high=1.0) for name in names)
    evaluation = Evaluation(
        rows=1000, source="held back", metrics={"accuracy": 1.0}, balance=(1,) * 1000,
        confusion=tuple(tuple(int(row == column) for column in classes) for row in classes),
    )  # fmt: skip
    many = manifest(
        Signature(task="classification", features=features, targets=(Target(name="y", classes=classes),), proba=True),
        Reference(
            features=dict.fromkeys(names, Histogram(counts=(5, 5), edges=(0.5,))),
            predictions=(Histogram(counts=(1,) * 1000, categories=classes),),
        ),
        evaluation=evaluation,
    )
    text = card_page.html(many)
    assert len(text) < 1_000_000
    assert "4,800 features not shown" in text or "4800 features not shown" in text
    Page(text)
