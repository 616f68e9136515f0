"""What the command line prints about bundles: the result of packing a model, and the list."""

from __future__ import annotations

import os

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from model.bundle.manifest import Manifest
from model.card.wording import judged_rows, log_rules, span
from model.rendering.text import format_number, printable
from model.schema.signature import Feature

MOST_SHOWN = 25
WIDE = 10_000


def print_result(manifest: Manifest) -> None:
    """Print what was decided about a model that was just packed."""
    console = Console()
    facts = Table.grid(padding=(0, 2))
    for label, text in _facts(manifest):
        facts.add_row(f"[dim]{label}[/]", escape(printable(text)))
    console.print(facts, _features(manifest), sep="\n")


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    facts = [("bundle", f"{manifest.name} {manifest.version}"), ("estimator", manifest.estimator)]
    for target in manifest.signature.targets:
        classes = f": {', '.join(map(str, target.classes[:12]))}" if target.classes else ""
        facts.append(("answers", f"{target.name} ({manifest.signature.task}){classes}"))
    if manifest.parity is not None:
        rows = manifest.parity.training_rows + manifest.parity.drawn_rows
        error = format_number(manifest.parity.largest_error)
        facts.append(("runtime", f"ONNX, {manifest.input.dtype}: equal on {rows:,} rows, largest error {error}"))
    elif manifest.runtime == "sklearn":
        facts.append(("runtime", f"scikit-learn: {manifest.reason}"))
    if manifest.compact is not None:
        rows = manifest.compact.training_rows + manifest.compact.drawn_rows
        which = "every" if manifest.runtime == "compact" else "one"
        facts.append(("compact form", f"{which} row in plain Python: equal on {rows:,} rows"))
    else:
        facts.append(("compact form", f"none: {manifest.not_compact}"))
    if manifest.evaluation is not None:
        figures = ", ".join(f"{name} {format_number(value)}" for name, value in manifest.evaluation.metrics.items())
        facts.append(("judged", f"{figures} ({judged_rows(manifest.evaluation)}: {manifest.evaluation.source})"))
    if manifest.log:
        facts.append(("log", log_rules(manifest)))
    return facts + [("note", note) for note in manifest.notes]


def _features(manifest: Manifest) -> Table:
    table = Table("feature", "type", "range or categories", "null")
    features = manifest.signature.features
    for feature in features[:MOST_SHOWN]:
        cells = map(escape, (printable(feature.name), _kind(feature), span(feature)))
        table.add_row(*cells, "taken" if feature.missing else "refused")
    if len(features) > MOST_SHOWN:
        table.add_row(f"and {len(features) - MOST_SHOWN:,} more", "", "", "")
    return table


def _kind(feature: Feature) -> str:
    kind = f"{feature.type} ({feature.dtype})" if feature.dtype else feature.type
    return f"{kind}, {feature.unit}" if feature.unit else kind


def print_list(manifests: list[Manifest]) -> None:
    """Print the bundles, a row each: one line where no terminal limits its width, else folded, never cut."""
    table = Table(box=None, header_style="dim")
    for column in ("name", "version", "task", "features", "runtime", "judged", "estimator"):
        table.add_column(column, overflow="fold")
    for manifest in manifests:
        metrics = manifest.evaluation.metrics if manifest.evaluation is not None else {}
        judged = next((f"{name} {format_number(value)}" for name, value in metrics.items()), "")
        width = str(len(manifest.signature.features))
        facts = (manifest.name, manifest.version, manifest.signature.task, width, manifest.runtime, judged)
        table.add_row(*map(escape, (*facts, manifest.estimator)))
    console = Console()
    console = console if console.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)
    console.print(table, crop=False)
