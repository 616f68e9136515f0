"""What is shown of one answer: in words, as bars, against training, and as a call to copy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from api.errors import ApiError
from api.explaining import METHOD, explained
from api.scoring import Models, Want
from api.views.drawn import strip
from model.card import figures
from model.card import words as say
from model.runtime.load import Model

MOST_BARS = 20


@dataclass
class Answer:
    """One row's answer, ready for a template."""

    said: list[tuple[str, str]]
    """Each target with its answer, in words."""
    bars: Markup = field(default_factory=Markup)
    where: str = ""
    strip: Markup = field(default_factory=Markup)
    outside: list[str] = field(default_factory=list)
    effects: Markup = field(default_factory=Markup)
    explains: str = ""
    still: bool = False
    """No feature moved it."""
    method: str = METHOD
    record: str = ""


def answered(models: Models, model: Model, record: dict[str, Any]) -> Answer:
    """Ask a model for one row, and make what is shown of its answer."""
    signature = model.signature
    classes = all(target.classes is not None for target in signature.targets)
    scored = models.ask(model, [record], Want(proba=signature.proba, labels=classes))
    first = (scored.labels if classes and scored.labels else scored.predictions)[0]
    values = first if len(signature.targets) > 1 else [first]
    said = [
        (target.name, value if isinstance(value, str) else say.said(value))
        for target, value in zip(signature.targets, values, strict=True)
    ]
    found = Answer(said, outside=_outside(model, record), record=json.dumps(record, ensure_ascii=False))
    if len(signature.targets) == 1:
        _single(found, models, model, record, scored.predictions[0])
        if scored.probabilities:
            names = say.class_names(signature.targets[0])
            ranked = sorted(zip(names, scored.probabilities[0], strict=True), key=lambda pair: -pair[1])[:MOST_BARS]
            found.bars = Markup(figures.bars("Probabilities", ranked, say.percent, ends=(0.0, 1.0)))  # noqa: S704 - figures escape
    return found


def _single(found: Answer, models: Models, model: Model, record: dict[str, Any], value: Any) -> None:
    """Add what can be said where there is one target."""
    target, reference = model.signature.targets[0], model.manifest.reference.predictions[0]
    if target.classes is None and reference.edges:
        below = [0, *accumulate(reference.counts)]
        place = sum(value > edge for edge in reference.edges)
        found.where = (
            f"Of its answers to the training rows {say.percent(below[place] / below[-1])} are certainly lower, "
            f"{say.percent(1 - below[place + 1] / below[-1])} certainly higher."
        )
        found.strip = strip(reference, place, value)
    try:
        (explanation,) = explained(models, model, [record])
    except ApiError:
        return
    ranked = sorted(explanation.effects, key=lambda each: -abs(each.effect))[:MOST_BARS]
    found.still = not any(each.effect for each in ranked)
    if not found.still:
        rows = [(each.feature, each.effect) for each in ranked]
        form = say.alike([each.effect for each in ranked])
        found.effects = Markup(figures.bars("What moved it", rows, form))  # noqa: S704
        found.explains = explanation.explains


def _outside(model: Model, record: dict[str, Any]) -> list[str]:
    """Name the values that lie where training had none."""
    said = []
    for feature in model.signature.features:
        value = record.get(feature.name)
        if isinstance(value, float) and feature.low is not None and feature.high is not None:
            if not feature.low <= value <= feature.high:
                seen = say.between(feature.low, feature.high)
                said.append(f"{feature.name}: {say.number(value)} lies outside what training saw, {seen}")
        elif isinstance(value, str) and feature.categories and value not in feature.categories:
            said.append(f"{feature.name}: training never saw {value!r}")
    return said
