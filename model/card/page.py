"""A model card as one self-contained page, drawn from the manifest alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from model.bundle.manifest import Manifest
from model.card import wording
from model.card.captioned_figures import MOST, MOST_DRAWN, evaluation_figures, training_figures
from model.rendering import text as fmt
from model.rendering.document import document
from model.rendering.svg import escape_text, tag
from model.rendering.tables import pairs, row, table


def html(manifest: Manifest) -> str:
    """Return the card as a whole page, which forbids itself every request and script."""
    return document(f"Model card: {manifest.title}", body(manifest))


def body(manifest: Manifest) -> str:
    """Return the card's content, for a page that brings its own frame and the same styles."""
    sections = (_head, _quality, _training, _contract, _provenance)
    return tag("main", *(section(manifest) for section in sections), class_="card")


def _head(manifest: Manifest) -> str:
    facts = {
        "Name": tag("code", escape_text(manifest.name)),
        "Version": tag("code", escape_text(manifest.version)),
        "Task": escape_text(manifest.signature.task),
        "Estimator": escape_text(manifest.estimator),
        "Served by": escape_text(wording.RUNTIMES[manifest.runtime]),
    }
    return tag(
        "header",
        tag("p", "Model card", class_="over"),
        tag("h1", escape_text(manifest.title)),
        tag("p", escape_text(wording.summary(manifest)), class_="lead"),
        pairs(facts, "facts"),
        tag(
            "p",
            escape_text(wording.serving(manifest)),
            " ",
            escape_text(wording.proof(manifest.parity) if manifest.parity else ""),
        ),
        *([tag("p", "Prediction log: ", escape_text(wording.log_rules(manifest)))] if manifest.log else []),
        *(tag("p", escape_text(note), class_="note") for note in manifest.notes),
    )


def _quality(manifest: Manifest) -> str:
    heading = tag("h2", "How good it is")
    evaluation = manifest.evaluation
    if evaluation is None:
        return heading + tag("p", escape_text(wording.UNJUDGED), class_="quiet")
    origin = f"Judged by {wording.judged_rows(evaluation)}: {evaluation.source}"
    tiles = {wording.metric(name): escape_text(fmt.format_number(value)) for name, value in evaluation.metrics.items()}
    plots = tag("div", *evaluation_figures(evaluation, manifest.signature.targets[0]), class_="plots")
    return heading + tag("p", escape_text(origin), class_="quiet") + pairs(tiles, "tiles") + plots


def _training(manifest: Manifest) -> str:
    cards = list(training_figures(manifest))
    return tag("h2", "What training looked like") + _folded(cards, "figure", partial(tag, "div", class_="features"))


def _contract(manifest: Manifest) -> str:
    signature = manifest.signature
    rows = [row(*cells) for cells in wording.feature_rows(manifest)[:MOST_DRAWN]]
    if left_out := len(signature.features) - len(rows):
        empty = [""] * (len(wording.FEATURE_COLUMNS) - 1)
        rows.append(row(f"{fmt.format_count(left_out, 'feature')} not shown", *empty))
    proba = "given" if signature.proba else "none"
    targets = [row(target.name, wording.answers(target), proba) for target in signature.targets]
    return (
        tag("h2", "What it takes and answers")
        + _folded(rows, "feature", partial(table, wording.FEATURE_COLUMNS, "Features"))
        + table(("Target", "Answers", "Probabilities"), "Targets", *targets)
    )


def _provenance(manifest: Manifest) -> str:
    libraries = [row(*cells) for cells in wording.library_rows(manifest)]
    files = [row(name, digest) for name, digest in sorted(manifest.files.items())]
    return (
        tag("h2", "Where it comes from")
        + table(wording.LIBRARY_COLUMNS, "Libraries", *libraries)
        + table(("File", "sha256"), "Files", *files)
    )


def _folded(items: Sequence[str], noun: str, wrap: Callable[..., str]) -> str:
    first, rest = items[:MOST], items[MOST:]
    more = tag("summary", fmt.format_count(len(rest), f"more {noun}"))
    return wrap(*first) + (tag("details", more, wrap(*rest)) if rest else "")
