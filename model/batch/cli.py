"""python -m model score: score files."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from model.command import BUNDLES, Command
from model.user_error import UserError

if TYPE_CHECKING:
    from model.batch.watch import Watch

_QUIET_SECONDS = 10.0
_EXAMPLE = "Example: python -m model score churn customers.parquet scored.parquet --proba"


@click.command(cls=Command, epilog=_EXAMPLE)
@click.argument("name")
@click.argument("source", metavar="IN")
@click.argument("output", metavar="OUT")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("--labels", is_flag=True, help="Add the titles of the predicted classes.")
@click.option("--explain", is_flag=True, help="Add the effect of each feature.")
@click.option("--strict", is_flag=True, help="Refuse the input if one row of it cannot be scored.")
@click.option("--replace", is_flag=True, help="Overwrite an output that is there.")
@click.option("--shard", metavar="INDEX/COUNT", help="Write only every COUNTth part of a folder, from INDEX on.")
@BUNDLES
def score(
    name: str,
    source: str,
    output: str,
    bundles: Path,
    shard: str | None,
    *,
    strict: bool,
    replace: bool,
    **wanted: bool,
) -> None:
    """Score a CSV or Parquet file, or a folder of them, here or at s3://BUCKET/KEY.

    All columns are kept. Rows that the model cannot take are listed in a file beside the output, with the reason. Where
    OUT is a folder, it gets a part for each piece of the input, and a run that was stopped goes on where it was.
    """
    from model.batch.job import Request  # noqa: PLC0415 - imports pyarrow
    from model.batch.run import score as score_files  # noqa: PLC0415
    from model.batch.scorer import Wanted  # noqa: PLC0415

    request = Request(name, source, output, bundles, Wanted(**wanted), strict, replace, _shard(shard))
    with _watching(name) as watch:
        done = score_files(request, watch)
    click.echo(done)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if not found or int(found[1]) >= int(found[2]):
        raise UserError(f"--shard is INDEX/COUNT, like 0/4 for the first of four, not {text!r}")
    return int(found[1]), int(found[2])


@contextmanager
def _watching(name: str) -> Iterator[Watch]:
    """Show a progress bar on a terminal; elsewhere a line for each finished part, and for the rows now and then."""
    from model.batch.watch import Watch  # noqa: PLC0415 - beside pyarrow

    if not sys.stderr.isatty():
        say = partial(click.echo, err=True)
        yield Watch(show=_now_and_then(name, say), say=say, note=say)
        return
    from rich.console import Console  # noqa: PLC0415 - the image of batch jobs is without
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(name, total=1.0)

        def show(rows: int, share: float) -> None:
            bar.update(task, completed=share, description=f"{name}: {rows:,} rows")

        yield Watch(show=show, note=partial(console.print, markup=False, highlight=False))


def _now_and_then(name: str, say: Callable[[str], None]) -> Callable[[int, float], None]:
    """Return what says how many rows are done, every ten seconds."""
    shown_at = monotonic()

    def show(rows: int, _share: float) -> None:
        nonlocal shown_at
        if monotonic() - shown_at >= _QUIET_SECONDS:
            shown_at = monotonic()
            say(f"{name}: {rows:,} rows")

    return show
