"""python -m model log: what a prediction log shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.bundle import files as bundle
from model.command import BUNDLES, Command

if TYPE_CHECKING:
    from model.bundle.manifest import Manifest

PLACE = "s3://BUCKET/FOLDER"
EXAMPLE = "python -m model log s3://bucket/predictions --model churn --since 2026-11-01 --html churn.html"
FORMATS = (".csv", ".parquet", ".pq")


def _day(_: Any, __: Any, value: str | None) -> str | None:
    if value is not None and not (re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) and _exists(value)):
        raise click.BadParameter(f"{value!r} is no day such as 2026-11-28")
    return value


def _exists(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _table(_: Any, __: Any, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{value} must end in {', '.join(FORMATS)}")
    return value


def _file(name: str, text: str, *, table: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(name, type=kind, help=text, metavar="FILE", callback=_table if table else None)


@click.command("log", cls=Command, epilog=f"Example: {EXAMPLE}")
@click.argument("place", metavar=PLACE)
@click.option("--model", "name", help="Rows of this model only.")
@click.option("--version", help="Rows of this version only.")
@click.option("--since", metavar="DAY", callback=_day, help="Rows of this day, in UTC, and later.")
@click.option("--until", metavar="DAY", callback=_day, help="Rows of this day, in UTC, and before.")
@_file("--rows", "Write every row to a CSV or Parquet file.")
@_file("--training", "Write the rows whose truth is known, as `model add --data` takes them.")
@_file("--html", "Write a page with figures to this file.", table=False)
@BUNDLES
def log(
    place: str, name: str | None, version: str | None, since: str | None, until: str | None, bundles: Path,
    **outputs: Path | None,
) -> None:  # fmt: skip
    """Show what was predicted, how right that was, and how far it differs from training.

    PLACE is where the shipper writes: a folder, s3://BUCKET/FOLDER, or another address that pyarrow knows.
    """
    from model.prediction_log.read import LoggedRows  # noqa: PLC0415 - imports pyarrow

    logged = LoggedRows(place, name, version, since or "", until or "9999")
    html = outputs.pop("html")
    tables = {kind: path for kind, path in outputs.items() if path is not None}
    if tables:
        from model.prediction_log.export import write_rows, write_training  # noqa: PLC0415

        writers = {"rows": write_rows, "training": write_training}
        for kind, path in tables.items():
            click.echo(f"wrote {writers[kind](logged, path):,} rows to {path}")
        if html is None:
            return
    from model.prediction_log.summary import summarise  # noqa: PLC0415

    def find_manifest(model: str, wanted: str) -> Manifest | None:
        try:
            found = bundle.read(bundles, model).manifest
        except bundle.BundleError:
            return None
        return found if found.version == wanted else None

    summary = summarise(logged, find_manifest)
    if html is None:
        from model.prediction_log.console import print_summary  # noqa: PLC0415

        print_summary(summary)
        return
    from model.prediction_log.report import html as page  # noqa: PLC0415

    html.write_text(page(summary), encoding="utf-8")
    click.echo(f"wrote {html}")
