"""Figures say with lengths, places and shades what their numbers say."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.card import figures
from model.rendering import svg
from model.rendering.bar_chart import bar_chart
from model.rendering.text import format_number


def texts(drawing):
    return ["".join(text.itertext()) for text in drawing.iter("text")]


def test_a_confusion_matrix_counts_and_shades_by_the_share_of_a_true_class():
    drawing = ET.fromstring(figures.matrix("Confusion", ((57, 3), (30, 30)), ("a", "b")))
    assert [text for text in texts(drawing) if text.isdigit()] == ["57", "3", "30", "30"]
    right = [float(rect.get("fill-opacity")) for rect in drawing.iter("rect") if rect.get("class") == "fig-right"]
    assert right == pytest.approx([0.475, 0.25], abs=0.01)
    assert drawing.find("desc").text.startswith("87 of 120 rows")


def test_a_crowded_confusion_matrix_tells_its_counts_to_the_pointer():
    size = 40
    counts = [[int(true == predicted) * 7 for predicted in range(size)] for true in range(size)]
    drawing = ET.fromstring(figures.matrix("Confusion", counts, [f"class {place}" for place in range(size)]))
    hovers = [title.text for title in drawing.iter("title")]
    assert "true class 3, predicted class 3: 7 rows, 100%" in hovers


def test_bars_are_as_long_as_their_values_from_a_common_zero():
    drawing = ET.fromstring(bar_chart("Bars", [("a", 4.0), ("b", 1.0), ("c", -2.0)]))
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
    drawing = ET.fromstring(bar_chart("Bars", [(name, 1.0)]))
    label = next(drawing.iter("text"))
    assert label.find("title").text == name
    assert label.find("title").tail.endswith("…")


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_round_and_inside(low, width):
    marks = svg.ticks(low, low + width)
    assert len(marks) <= 6
    slack = width * 1e-3 + 1e-6
    assert all(low - slack <= mark <= low + width + slack for mark in marks)
    assert svg.labelled_ticks(marks) is not None


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
    assert [label for _, label in svg.labelled_ticks(marks)] == labels


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
    assert format_number(value) == text
