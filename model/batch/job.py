"""One run of `score`: which model, from where, to where, and what its answers are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from model.batch.places import Place, explained
from model.batch.scorer import Scorer, Wanted
from model.batch.sinks import Sink
from model.batch.sources import Batch, File, form_of
from model.batch.watch import Watch
from model.schema.signature import SignatureError
from model.user_error import UserError


@dataclass(frozen=True)
class Request:
    """What the user wants."""

    name: str
    source: str
    output: str
    bundles: Path
    wanted: Wanted
    strict: bool = False
    replace: bool = False
    shard: tuple[int, int] | None = None
    """Which pieces are this process's: those whose number leaves this remainder, and by what it is divided."""


class Job:
    """Score the batches of files with one model."""

    def __init__(self, scorer: Scorer, watch: Watch, *, strict: bool) -> None:
        self.scorer, self.watch, self._strict = scorer, watch, strict

    def sink(self, file: File, folder: Path, form: str) -> Sink:
        """Return the files of answers to a file's rows."""
        schema = file.schema()
        model = self.scorer.model
        note = {b"score_app.model": f"{model.name} {model.version}".encode()}
        answered = pa.schema([*schema, *self.scorer.fields], {**(schema.metadata or {}), **note})
        return Sink(folder, form, answered, str(file.place))

    def fill(self, sink: Sink, file: File, batches: Iterable[Batch]) -> None:
        """Write the answers to these rows of a file."""
        columns = None
        for batch in batches:
            columns = columns or self.scorer.columns(batch.table.schema, str(file.place), text=file.text)
            with self.watch.stoppable():
                scored = self.scorer.score(columns, batch.table, self.watch.count)
            problems = [*batch.problems, *map(batch.numbered, scored.problems)]
            if problems:
                self._refuse(file, problems)
                sink.write_bad(str(file.place), problems)
            kept = batch.table if scored.good is None else batch.table.take(pa.array(scored.good))
            sink.write(pa.Table.from_arrays([*kept.columns, *scored.columns], schema=sink.schema))
            sink.count(batch.table.num_rows + len(batch.problems), len({fault.row for fault in problems}))

    def _refuse(self, file: File, problems: list[Any]) -> None:
        if self._strict:
            raise UserError(f"{file.place} has rows that cannot be scored: {SignatureError(problems)}")

    def require(self, files: list[File]) -> None:
        """Refuse files that the model cannot take, before anything is written."""
        for file in files:
            self.scorer.columns(file.schema(), str(file.place), text=file.text)

    def identity(self) -> dict[str, Any]:
        """Return what the answers follow from, beside the rows."""
        manifest = self.scorer.model.manifest
        known = {"name": manifest.name, "version": manifest.version, "digest": f"sha256:{manifest.digest()}"}
        options = {**self.scorer.options(), "strict": self._strict}
        return {"model": known, "options": options}


def require_rows(source: Place, rows: int, scored: int) -> None:
    """Refuse an input without any row, or without any good one."""
    if not rows:
        raise UserError(f"{source} has no rows")
    if not scored:
        raise UserError(f"{source}: none of the {rows} rows can be scored; --strict names the first ones")


def is_folder(source: Place, output: Place) -> bool:
    """Tell whether the output is a folder of parts; raise a UserError if it cannot be what was asked for."""
    folder = output.text.endswith("/") or form_of(output) is None or output.kind() == fs.FileType.Directory
    if not folder and source.kind() == fs.FileType.Directory:
        raise UserError(f"{source} is a folder, so the output must be one too: end {output} with /")
    if output.path == source.path or (folder and source.path.startswith(f"{output.path}/")):
        raise UserError(f"{output} holds the input: name another output")
    if output.path.startswith(f"{source.path}/"):
        raise UserError(f"{output} is within the input, and would be read the next time: name another output")
    return folder


def require_free(output: Place, *, replace: bool) -> None:
    """Refuse to overwrite a file that nobody has allowed to overwrite."""
    with explained(str(output)):
        if output.kind() != fs.FileType.NotFound and not replace:
            raise UserError(f"{output} is there already; --replace overwrites it")


def program() -> str:
    """Return the name and version of this program."""
    try:
        return f"score-app {version('score-app')}"
    except PackageNotFoundError:
        return "score-app"
