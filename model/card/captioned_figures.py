"""The figures of a model card with their captions: of the evaluation, and of the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from model.bundle.manifest import Evaluation, Histogram, Manifest
from model.card import figures, wording
from model.rendering import text as fmt
from model.rendering.bar_chart import bar_chart, extent
from model.rendering.svg import escape_text, tag
from model.schema.signature import Feature, Target

# More than this many are folded: a reader sees a dozen, not two hundred.
MOST = 12
MOST_DRAWN = 200
"""Features, bars or other parts of a figure; a page with one for each of many thousands would take all memory."""
_MOST_CLASSES = 40
_CATEGORIES = 6


def evaluation_figures(evaluation: Evaluation, target: Target) -> Iterator[str]:
    """Draw what the evaluation found, as far as it looked."""
    if evaluation.confusion and len(evaluation.confusion) <= _MOST_CLASSES:
        drawn = figures.matrix("Confusion", evaluation.confusion, fmt.class_names(target))
        yield _plot("Confusion", drawn, "Count, and share of the rows of that true class")
    if evaluation.scatter:
        drawn = figures.scatter("Predicted against true", evaluation.scatter, target.name)
        yield _plot("Predicted against true", drawn, "On the dashed line a prediction is exactly right")
    if evaluation.importance:
        ranked = sorted(evaluation.importance.items(), key=lambda pair: -pair[1])
        note = f"Fall in {wording.metric(next(iter(evaluation.metrics), 'the score'))} when a feature is shuffled"
        yield _barred("Permutation importance", ranked, note, fmt.shared_format([fall for _, fall in ranked]))
    if evaluation.calibration:
        drawn = figures.calibration("Calibration", evaluation.calibration)
        yield _plot("Calibration", drawn, "A point on the dashed line keeps its promise")
    if evaluation.balance:
        rows = list(zip(fmt.class_names(target), evaluation.balance, strict=True))
        yield _barred("Class balance", rows, "Rows of each true class", _counted(evaluation.balance))


def training_figures(manifest: Manifest) -> Iterator[str]:
    """Draw what the model answered in training, then what each feature looked like there."""
    for target, histogram in zip(manifest.signature.targets, manifest.reference.predictions, strict=False):
        if drawn := _predicted(target, histogram):
            yield drawn
    for feature in manifest.signature.features[:MOST_DRAWN]:
        yield _feature(feature, manifest.reference.features.get(feature.name, Histogram(counts=())))


def _predicted(target: Target, histogram: Histogram) -> str:
    title, note = f"Predictions of {target.name}", "Answers to the training rows"
    if histogram.edges:
        return _plot(title, figures.density(title, histogram.counts, histogram.edges), note)
    labels = histogram.categories or target.classes
    if not labels:
        return ""
    rows = list(zip(wording.named(target, labels), histogram.counts, strict=True))
    return _barred(title, rows, note, _share(histogram.counts), small=True)


def _feature(feature: Feature, histogram: Histogram) -> str:
    rows = fmt.format_count(sum(histogram.counts) + histogram.missing, "row")
    drawn = _drawn(feature, histogram)
    footer = "" if drawn else wording.span(feature)
    if histogram.missing:
        footer = f"{fmt.format_number(histogram.missing)} of {rows} missing"
    return _plot(feature.name, drawn, feature.type, footer)


def _drawn(feature: Feature, histogram: Histogram) -> str:
    if histogram.edges:
        ends = (feature.low, feature.high)
        return figures.density(feature.name, histogram.counts, histogram.edges, ends, feature.unit)
    if not histogram.categories:
        return ""
    pairs = sorted(zip(histogram.categories, histogram.counts, strict=True), key=lambda pair: -pair[1])
    rows = [(fmt.format_value(label), amount) for label, amount in pairs[:_CATEGORIES]]
    if rest := pairs[_CATEGORIES:]:
        rows.append((f"{fmt.format_number(len(rest))} more", sum(amount for _, amount in rest)))
    return bar_chart(feature.name, rows, _share(histogram.counts), small=True)


def _plot(title: str, drawn: str, note: str, footer: str = "") -> str:
    caption = tag("span", escape_text(title), class_="clip", title=title) + tag("small", escape_text(note))
    return tag("figure", tag("figcaption", caption), drawn, tag("small", escape_text(footer)) if footer else "")


def _barred(
    title: str, rows: Sequence[tuple[str, float]], note: str, form: Callable[[float], str], *, small: bool = False
) -> str:
    # The folded rest is measured on the same scale, or its bars would look as long as the first ones.
    ends, most = extent([value for _, value in rows]), _CATEGORIES if small else MOST
    drawn = rows[:MOST_DRAWN]
    first, *rest = (
        bar_chart(title, part, form, small=small, ends=ends) for part in (drawn[:most], drawn[most:]) if part
    )
    left_out = f", {MOST_DRAWN - most} of them here" if len(rows) > MOST_DRAWN else ""
    more = tag("summary", fmt.format_count(len(rows) - most, "more bar") + left_out)
    return _plot(title, first + "".join(tag("details", more, bars) for bars in rest), note)


def _share(counts: Sequence[int]) -> Callable[[float], str]:
    total = sum(counts) or 1
    return lambda amount: fmt.format_percent(amount / total)


def _counted(counts: Sequence[int]) -> Callable[[float], str]:
    share = _share(counts)
    return lambda amount: f"{fmt.format_number(amount)} · {share(amount)}"
