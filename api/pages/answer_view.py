"""What the page shows of one answer: in words, as bars, compared with training, and as a call to copy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from api.inference.answers import Answers
from api.inference.explanations import METHOD, Explanation
from api.pages.figures import distribution_figure
from model.rendering.bar_chart import bar_chart
from model.rendering.text import class_names, format_number, format_percent, format_range, format_value, shared_format
from model.runtime.base import Model

MAX_BARS = 20


@dataclass
class AnswerView:
    """One row's answer, ready for a template."""

    values: list[tuple[str, str]]
    """Each target with its predicted value."""
    record: str
    """The row as JSON."""
    warnings: list[str]
    """Values outside the training data."""
    probabilities: Markup = field(default_factory=Markup)
    position: str = ""
    """Where the prediction lies among those of training."""
    distribution: Markup = field(default_factory=Markup)
    effects: Markup = field(default_factory=Markup)
    explains: str = ""
    no_effects: bool = False
    method: str = METHOD


def answer_view(model: Model, record: dict[str, Any], answers: Answers, explanation: Explanation | None) -> AnswerView:
    """Return what is shown of the answer to one row."""
    targets = model.signature.targets
    first = (answers.labels or answers.predictions)[0]
    values = first if len(targets) > 1 else [first]
    shown = [
        (target.name, value if isinstance(value, str) else format_value(value))
        for target, value in zip(targets, values, strict=True)
    ]
    view = AnswerView(shown, json.dumps(record, ensure_ascii=False), _values_outside_training(model, record))
    if len(targets) == 1:
        _add_position(view, model, answers.predictions[0])
        _add_probabilities(view, model, answers)
    if explanation is not None:
        _add_effects(view, explanation)
    return view


def _add_position(view: AnswerView, model: Model, prediction: Any) -> None:
    """Compare a predicted number with the predictions of training."""
    reference = model.manifest.reference.predictions[0]
    if model.signature.targets[0].classes is not None or not reference.edges:
        return
    cumulative = [0, *accumulate(reference.counts)]
    place = sum(prediction > edge for edge in reference.edges)
    view.position = (
        f"Of its predictions for the training rows {format_percent(cumulative[place] / cumulative[-1])} are certainly "
        f"lower, {format_percent(1 - cumulative[place + 1] / cumulative[-1])} certainly higher."
    )
    view.distribution = distribution_figure(reference, place, prediction)


def _add_probabilities(view: AnswerView, model: Model, answers: Answers) -> None:
    if not answers.probabilities:
        return
    names = class_names(model.signature.targets[0])
    ranked = sorted(zip(names, answers.probabilities[0], strict=True), key=lambda pair: -pair[1])[:MAX_BARS]
    chart = bar_chart("Probabilities", ranked, format_percent, ends=(0.0, 1.0))
    view.probabilities = Markup(chart)  # noqa: S704 - the chart escapes


def _add_effects(view: AnswerView, explanation: Explanation) -> None:
    ranked = sorted(explanation.effects, key=lambda each: -abs(each.effect))[:MAX_BARS]
    view.no_effects = not any(each.effect for each in ranked)
    if not view.no_effects:
        rows = [(each.feature, each.effect) for each in ranked]
        chart = bar_chart("Effects of the features", rows, shared_format([each.effect for each in ranked]))
        view.effects = Markup(chart)  # noqa: S704 - the chart escapes
        view.explains = explanation.explains


def _values_outside_training(model: Model, record: dict[str, Any]) -> list[str]:
    """Return a sentence for each value outside the training data."""
    found = []
    for feature in model.signature.features:
        value = record.get(feature.name)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and feature.low is not None
            and feature.high is not None
        ):
            if not feature.low <= value <= feature.high:
                limits = format_range(feature.low, feature.high)
                found.append(f"{feature.name}: {format_number(value)} lies outside the training data, {limits}")
        elif isinstance(value, str) and feature.categories and value not in feature.categories:
            found.append(f"{feature.name}: {value!r} is not in the training data")
    return found
