"""The card, from its front door: whatever a manifest says is drawn, readable, escaped and true to its numbers."""

import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from model import card, card_page, card_words, figures, svg
from model.manifest import Evaluation, Golden, Histogram, Input, Manifest, Parity, Reference
from model.signature import Feature, Signature, Target

VOID = {"meta"}


def manifest(signature, reference, name="a-model", **more):
    told = {
        "title": "A model",
        "estimator": "Estimator",
        "runtime": "onnx",
        "requires": {"scikit-learn": "1.9.1"},
        "built_with": {"scikit-learn": "1.9.1", "numpy": "2.4.6"},
        "files": {"model.joblib": "ab" * 32},
        **more,
    }
    empty = Golden(rows=(), predict=())
    given = {"signature": signature, "reference": reference, "golden": empty, "input": Input("matrix")}
    return Manifest(format=1, name=name, version="", **given, **told).stamped()


def classifier():
    features = (
        Feature(name="length", type="number", unit="cm", low=0.0, high=10.0, typical=4.5, missing=True),
        Feature(name="colour", type="string", categories=("red", "blue"), typical="red", closed=True),
    )
    targets = (Target(name="species", classes=(0, 1), titles=("setosa", "virginica")),)
    histograms = {
        "length": Histogram(counts=(10, 20, 5), edges=(2.0, 4.0), missing=3),
        "colour": Histogram(counts=(30, 8), categories=("red", "blue")),
    }
    evaluation = Evaluation(
        rows=131,
        source="held back",
        metrics={"roc_auc": 0.9876, "accuracy": 0.875},
        balance=(61, 70),
        confusion=((57, 4), (13, 57)),
        calibration=((0.1, 0.05, 40), (0.6, 0.7, 91)),
        importance={"length": 0.4, "colour": -0.1},
    )
    return manifest(
        Signature(task="classification", features=features, targets=targets, proba=True),
        Reference(features=histograms, predictions=(Histogram(counts=(20, 18), categories=(0, 1)),)),
        evaluation=evaluation,
        parity=Parity(training_rows=38, drawn_rows=1000, differing_labels=0, largest_error=2e-7, tolerance=1e-5),
        notes=("Not for roses.",),
    )


def regressor():
    numbers = Evaluation(rows=3, source="held back", metrics={"r2": 0.5}, scatter=((1, 1.5), (2, 2.0), (3, 2.5)))
    return manifest(
        Signature(
            task="regression",
            features=(Feature(name="x", type="number", low=1.0, high=1.0),),
            targets=(Target(name="y"),),
        ),
        Reference(
            features={"x": Histogram(counts=(0, 9), edges=(1.0,))},
            predictions=(Histogram(counts=(4, 5), edges=(2.0,)),),
        ),
        evaluation=numbers,
        runtime="sklearn",
        reason="there is no converter for Oddity",
    )


def unjudged(task, *targets):
    words = Feature(name="words", type="string")
    known = Reference(features={"words": Histogram(counts=(9,))}, predictions=())
    return manifest(Signature(task=task, features=(words,), targets=targets), known)


def wide():
    names = [f"feature {place}" for place in range(200)]
    features = tuple(Feature(name=name, type="number", low=-1.0, high=1.0) for name in names)
    histograms = {name: Histogram(counts=(1, 2, 1), edges=(-0.5, 0.5)) for name in names}
    return manifest(
        Signature(task="clustering", features=features, targets=(Target(name="cluster", whole=True),)),
        Reference(features=histograms, predictions=(Histogram(counts=(3, 1), categories=(0, 1)),)),
        evaluation=Evaluation(rows=4, source="all", metrics={"silhouette": 0.2}, importance=dict.fromkeys(names, 0.1)),
    )


EVERY = {
    "classifier": classifier(),
    "regressor": regressor(),
    "clusters": unjudged("clustering", Target(name="cluster", whole=True)),
    "outliers": unjudged("outliers", Target(name="outlier", classes=(-1, 1), titles=("odd", "ordinary"))),
    "targets": unjudged(
        "classification", Target(name="team", classes=("a", "b")), Target(name="urgent", classes=(0, 1))
    ),
    "wide": wide(),
}


class Page(HTMLParser):
    """Check that tags are balanced, and keep what a reader and a browser would meet."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.said = [], set(), [], []
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
            self.said.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


def drawings(text):
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def texts(drawing):
    return ["".join(text.itertext()) for text in drawing.iter("text")]


def printed(told, width=100):
    file = StringIO()
    Console(file=file, width=width).print(card.text(told))
    return file.getvalue()


@pytest.mark.parametrize("told", EVERY.values(), ids=EVERY)
def test_every_kind_of_model_has_a_page_that_asks_nothing_of_anybody(told):
    text = card_page.html(told)
    page = Page(text)
    names = {name for name, _ in page.attributes}
    assert text.startswith("<!doctype html>")
    assert not page.tags & {"script", "link", "img", "iframe", "object", "use", "image", "a", "form"}
    assert not {name for name in names if name in {"style", "src", "href"} or name.startswith("on")}
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert told.title in page.text
    assert told.version in page.text
    for digest in told.files.values():
        assert digest in page.text


@pytest.mark.parametrize("told", EVERY.values(), ids=EVERY)
def test_every_figure_is_xml_without_size_and_speaks_to_those_who_cannot_see_it(told):
    for drawing in drawings(card_page.html(told)):
        assert drawing.get("role") == "img"
        assert [part.tag for part in drawing[:2]] == ["title", "desc"]
        assert drawing[0].text
        assert drawing[1].text
        assert drawing.get("viewBox").startswith("0 0 ")
        assert drawing.get("width") is None
        assert not {value for part in drawing.iter() for value in part.attrib.values()} & {"nan", "inf", "-inf"}


@pytest.mark.parametrize("told", EVERY.values(), ids=EVERY)
def test_every_kind_of_model_has_a_card_for_the_terminal(told):
    text = printed(told)
    assert told.title in text
    assert told.version in text
    assert told.estimator in text
    assert told.files["model.joblib"] in text


def test_a_classifier_s_page_says_what_its_manifest_knows():
    text = Page(card_page.html(classifier())).text
    for expected in ("ROC AUC", "0.9876", "0.875", "131 rows", "setosa", "3 of 38 rows missing", "Not for roses."):
        assert expected in text
    assert "no label differs" in text
    assert "0 = setosa, 1 = virginica" in text
    assert "only red, blue" in text


def test_a_page_says_why_scikit_learn_serves_and_that_nobody_judged():
    assert "no converter for Oddity" in Page(card_page.html(regressor())).text
    assert card_words.UNJUDGED in Page(card_page.html(EVERY["outliers"])).text


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
    told = classifier()
    signature = Signature(
        task="classification",
        features=(Feature(name=name, type="string", unit=name, categories=(name,), typical=name),),
        targets=(Target(name=name, classes=(name, name + "2"), titles=(name, name)),),
    )
    evaluation = msgspec.structs.replace(told.evaluation, source=name, metrics={name: 1.0}, importance={name: 1.0})
    reference = Reference(
        features={name: Histogram(counts=(1,), categories=(name,))},
        predictions=(Histogram(counts=(1,), categories=(name,)),),
    )
    everywhere = {"title": name, "estimator": name, "notes": (name,), "files": {name: name}, "requires": {name: name}}
    text = card_page.html(manifest(signature, reference, name, evaluation=evaluation, **everywhere))
    page = Page(text)
    assert page.tags <= tags
    assert " ".join(card_words.clean(name).split()) in page.text
    assert drawings(text)
    assert "\x1b" not in printed(manifest(signature, reference, name, evaluation=evaluation, **everywhere))


def test_a_confusion_matrix_counts_and_shades_by_the_share_of_a_true_class():
    drawing = ET.fromstring(figures.matrix("Confusion", ((57, 3), (30, 30)), ("a", "b")))
    assert [text for text in texts(drawing) if text.isdigit()] == ["57", "3", "30", "30"]
    right = [float(rect.get("fill-opacity")) for rect in drawing.iter("rect") if rect.get("class") == "fig-right"]
    assert right == pytest.approx([0.475, 0.25], abs=0.01)
    assert drawing.find("desc").text.startswith("87 of 120 rows")


def test_a_crowded_confusion_matrix_tells_its_counts_to_the_pointer():
    size = 40
    counts = [[int(true == said) * 7 for said in range(size)] for true in range(size)]
    drawing = ET.fromstring(figures.matrix("Confusion", counts, [f"class {place}" for place in range(size)]))
    hovers = [title.text for title in drawing.iter("title")]
    assert "true class 3, predicted class 3: 7 rows, 100%" in hovers


def test_bars_are_as_long_as_their_values_from_a_common_zero():
    drawing = ET.fromstring(figures.bars("Bars", [("a", 4.0), ("b", 1.0), ("c", -2.0)]))
    long, short = (rect for rect in drawing.iter("rect") if rect.get("class") == "fig-bar")
    below = next(rect for rect in drawing.iter("rect") if rect.get("class") == "fig-wrong")
    lengths = [float(rect.get("width")) for rect in (long, short, below)]
    assert lengths == pytest.approx([lengths[0], lengths[0] / 4, lengths[0] / 2], abs=0.02)
    assert long.get("x") == short.get("x")
    assert float(below.get("x")) + lengths[2] == pytest.approx(float(long.get("x")), abs=0.02)


def test_a_density_gives_rows_area_and_not_height():
    drawing = ET.fromstring(figures.density("x", (10, 20, 30), (1.0, 2.0), (0.0, 5.0), "cm"))
    boxes = [rect for rect in drawing.iter("rect") if "fig-bar" in rect.get("class")]
    areas = [float(box.get("width")) * float(box.get("height")) for box in boxes]
    assert areas == pytest.approx([areas[0], areas[0] * 2, areas[0] * 3], rel=0.01)
    assert "cm" in texts(drawing)


def test_a_density_draws_a_single_value_as_a_line():
    drawing = ET.fromstring(figures.density("x", (10, 5), (0.0,), (0.0, 1.0)))
    assert sum("fig-spike" in rect.get("class") for rect in drawing.iter("rect")) == 1


def test_a_scatter_puts_exact_predictions_on_its_diagonal():
    drawing = ET.fromstring(figures.scatter("Scatter", [(0.0, 0.0), (5.0, 5.0), (10.0, 10.0)], "y"))
    ideal = next(line for line in drawing.iter("line") if line.get("class") == "fig-ideal")
    total = float(ideal.get("x1")) + float(ideal.get("y1"))
    sums = [float(dot.get("cx")) + float(dot.get("cy")) for dot in drawing.iter("circle")]
    assert sums == pytest.approx([total] * 3, abs=0.05)


def test_a_calibration_curve_counts_its_bins():
    drawing = ET.fromstring(figures.calibration("Calibration", [(0.1, 0.2, 400), (0.5, 0.4, 100), (0.9, 1.0, 0)]))
    heights = [float(rect.get("height")) for rect in drawing.iter("rect")]
    assert heights == pytest.approx([heights[0], heights[0] / 4, 0.0])
    assert {"400", "100", "0"} <= set(texts(drawing))


def test_a_long_name_is_cut_and_shows_whole_under_the_pointer():
    name = "a name that does not fit where names stand"
    drawing = ET.fromstring(figures.bars("Bars", [(name, 1.0)]))
    label = next(drawing.iter("text"))
    assert label.find("title").text == name
    assert label.find("title").tail.endswith("…")


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_round_and_inside(low, width):
    marks = svg.ticks(low, low + width)
    assert len(marks) <= 6
    slack = width * 1e-3 + 1e-6
    assert all(low - slack <= mark <= low + width + slack for mark in marks)
    assert svg.labelled(marks) is not None


@pytest.mark.parametrize(
    ("marks", "labels"),
    [
        ((0.0, 0.5, 1.0), ["0.0", "0.5", "1.0"]),
        ((0.0, 100_000.0, 200_000.0), ["0", "100k", "200k"]),
        ((-1.5e6, 0.0, 1.5e6), ["−1.5M", "0", "1.5M"]),
        ((1990.0, 2000.0), ["1990", "2000"]),
        ((10_000.0, 20_000.0), ["10,000", "20,000"]),
        ((0.0, 2e-5), ["0", "2e-5".replace("-", "−")]),
        ((0.0, 5e12), ["0", "5e12"]),
    ],
)
def test_an_axis_has_short_labels_of_one_form(marks, labels):
    assert [label for _, label in svg.labelled(marks)] == labels


@pytest.mark.parametrize("ends", [(0.0, 0.0), (0.0, 5e-324), (-1.7e308, 1.7e308), (1e17, 1e17 + 16), (None, None)])
def test_a_density_can_be_drawn_of_any_range(ends):
    drawing = ET.fromstring(figures.density("x", (1, 2), (0.0,), ends))
    assert not {value for part in drawing.iter() for value in part.attrib.values()} & {"nan", "inf", "-inf"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (5.1, "5.1"),
        (1936, "1936"),
        (1234567, "1,234,567"),
        (-0.00333333, "−0.003333"),
        (2.13e-7, "2.13\u00a0×\u00a010⁻⁷"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert card_words.number(value) == text


def test_the_figures_classes_all_have_a_colour():
    style = Path(card_page.STYLE).read_text(encoding="utf-8")
    used = {name for told in EVERY.values() for name in re.findall(r"\bfig-[a-z]+", card_page.body(told))}
    assert all(f".{name}" in style for name in used)
    assert len(used) > 10
