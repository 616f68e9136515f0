"""A model card for a terminal, drawn from the manifest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from model.bundle.manifest import Evaluation, Manifest
from model.card import wording
from model.rendering import text as fmt
from model.schema.signature import Target

# A terminal is for looking; whoever needs all of two hundred features has the page and the manifest.
MOST = 30
BAR = 28


def text(manifest: Manifest) -> RenderableType:
    """Return the card as something rich prints."""
    return Group(*(Padding(part, (0, 1, 1, 1)) for part in _parts(manifest)))


def _parts(manifest: Manifest) -> Iterator[RenderableType]:
    target, evaluation = manifest.signature.targets[0], manifest.evaluation
    yield _head(manifest)
    yield from (Text(fmt.printable(note), style="italic") for note in manifest.notes)
    if evaluation is None:
        yield Text(wording.UNJUDGED, style="yellow")
    else:
        yield from _quality(evaluation, target)
    yield _table("Features", wording.FEATURE_COLUMNS, wording.feature_rows(manifest))
    yield _table(
        "Answers", ("Target", "Values"), [(each.name, wording.answers(each)) for each in manifest.signature.targets]
    )
    yield _table("Libraries", wording.LIBRARY_COLUMNS, wording.library_rows(manifest))
    yield _table("Files", ("File", "sha256"), sorted(manifest.files.items()))


def _head(manifest: Manifest) -> RenderableType:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for key, value in (
        ("version", f"{manifest.name} {manifest.version}"),
        ("task", manifest.signature.task),
        ("estimator", manifest.estimator),
        ("runtime", wording.serving(manifest)),
        *([("parity", wording.proof(manifest.parity))] if manifest.parity else []),
        *([("log", wording.log_rules(manifest))] if manifest.log else []),
    ):
        facts.add_row(key, Text(fmt.printable(value)))
    title = Text(fmt.printable(manifest.title), style="bold")
    return Group(title, Text(wording.summary(manifest)), Text(), facts)


def _quality(evaluation: Evaluation, target: Target) -> Iterator[RenderableType]:
    metrics = [(wording.metric(name), fmt.format_number(value)) for name, value in evaluation.metrics.items()]
    judged = f"on {wording.judged_rows(evaluation)}: {evaluation.source}"
    yield _table("Metrics", ("Metric", "Value"), metrics, (1,), judged)
    if evaluation.balance:
        yield _bars(
            "Class balance", list(zip(fmt.class_names(target), evaluation.balance, strict=True)), fmt.format_number
        )
    if evaluation.importance:
        ranked = sorted(evaluation.importance.items(), key=lambda pair: -pair[1])
        yield _bars("Permutation importance", ranked, fmt.shared_format([fall for _, fall in ranked]))


def _bars(title: str, rows: Sequence[tuple[str, float]], form: Callable[[float], str]) -> RenderableType:
    longest = max(abs(value) for _, value in rows) or 1.0
    table = _empty(("", "", ""), numbers=(2,), headed=False)
    for name, value in rows[:MOST]:
        bar = Text(_bar(abs(value) / longest), style="blue" if value >= 0 else "red")
        table.add_row(_name(name), bar, form(value))
    return _section(title, table, len(rows))


def _bar(share: float) -> str:
    full, eighths = divmod(round(share * BAR * 8), 8)
    return "█" * full + " ▏▎▍▌▋▊▉"[eighths].strip()


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: tuple[int, ...] = (), note: str = ""
) -> RenderableType:
    table = _empty(columns, numbers)
    for name, *cells in rows[:MOST]:
        table.add_row(_name(name), *(Text(fmt.printable(cell)) for cell in cells))
    return _section(title, table, len(rows), note)


def _empty(columns: Sequence[str], numbers: tuple[int, ...], *, headed: bool = True) -> Table:
    table = Table(
        box=None,
        show_header=headed,
        header_style="dim",
        padding=(0, 3, 0, 0),
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in numbers else "left", overflow="fold")
    return table


def _section(title: str, table: Table, rows: int, note: str = "") -> RenderableType:
    heading = Text.assemble((title, "bold"), " ", (fmt.printable(note), "dim"))
    rest = [Text(f"and {fmt.format_number(rows - MOST)} more", style="dim")] if rows > MOST else []
    return Group(heading, table, *rest)


def _name(name: str) -> Text:
    return Text(fmt.truncate(fmt.printable(name), 40))
