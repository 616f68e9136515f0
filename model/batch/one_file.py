"""Score into one file: it is there whole, with its lineage beside it, or not at all."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter

import msgspec

from model.batch.job import Job, Request, program, require_free, require_rows
from model.batch.locks import only_writer
from model.batch.places import Place, explained
from model.batch.sinks import BAD_ROWS, Sink
from model.batch.sources import File, form_of
from model.batch.watch import Stopped
from model.user_error import UserError

LINEAGE = ".lineage.json"


def score_file(request: Request, job: Job, file: File, output: Place) -> str:
    """Score a file, and return what was done."""
    if request.shard is not None:
        raise UserError(f"--shard needs a folder to write to: end {output} with /")
    require_free(output, replace=request.replace)
    job.require([file])
    started, begin = datetime.now(UTC), perf_counter()
    try:
        with only_writer(output), explained(str(output)), output.scratch() as folder:
            with job.sink(file, folder, form_of(output) or file.form) as sink, closing(file.pieces()) as pieces:
                for piece in pieces:
                    job.fill(sink, file, piece.batches)
                    job.watch.reach(piece.share)
            require_rows(file.place, sink.rows, sink.scored)
            with job.watch.stoppable():
                digest = file.sha256()
            lineage = {
                **job.identity(),
                "program": program(),
                "input": [{"path": str(file.place), "bytes": file.size, "rows": sink.rows, "sha256": digest}],
                "output": str(output),
                "rows": sink.rows,
                "scored": sink.scored,
                "bad_rows": sink.bad,
                "started": started.isoformat(timespec="seconds"),
                "seconds": round(perf_counter() - begin, 3),
            }
            _publish(sink, output, msgspec.json.format(msgspec.json.encode(lineage), indent=2))
    except Stopped as reason:
        raise UserError(
            f"stopped by {reason}: nothing was written; one file starts again, and a folder as the output would go on"
        ) from None
    bad = f"; {sink.bad} bad rows: {output}{BAD_ROWS}" if sink.bad else ""
    return f"scored {sink.scored} of {sink.rows} rows with {job.scorer.model.name}: {output}{bad}"


def _publish(sink: Sink, output: Place, lineage: bytes) -> None:
    """Put all files in their places, the answers last."""
    bad = output.beside(BAD_ROWS)
    if sink.bad:
        bad.publish(sink.bad_file)
    else:
        bad.delete()
    output.beside(LINEAGE).write(lineage + b"\n")
    output.publish(sink.rows_file)
