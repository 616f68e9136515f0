"""Score into a folder, a part for each piece of the input. Parts that are finished stay, so that a run can go on.

A part belongs to whoever writes it first: two processes that write the same one write the same bytes. That is what
lets the workers of a cluster share a folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import msgspec
from pyarrow import fs

from model.batch.job import Job, Request, program, require_rows
from model.batch.locks import only_writer
from model.batch.places import Place, explained
from model.batch.sources import File, Piece
from model.batch.watch import Stopped
from model.user_error import UserError

JOB, LINEAGE, SUCCESS, RECORDS, BAD_ROWS = "_job.json", "_lineage.json", "_SUCCESS", "_parts", "_bad_rows"


def score_folder(request: Request, job: Job, source: Place, files: list[File], output: Place) -> str:
    """Score files into a folder, and return what was done."""
    job.require(files)
    run = _Run(request, job, source, files, output)
    try:
        if request.shard is not None:
            return run()
        with only_writer(output):
            return run()
    except Stopped as reason:
        raise UserError(
            f"stopped by {reason}: {run.finished} parts are finished, and the same command goes on from there"
        ) from None


class _Run:
    def __init__(self, request: Request, job: Job, source: Place, files: list[File], output: Place) -> None:
        self._request, self._job, self._output = request, job, output
        self._source, self._files = source, files
        self.finished = 0

    def __call__(self) -> str:
        self._take()
        before, done = self._records(), 0.0
        names: list[str] = []
        self.finished = len(before)
        total = sum(file.size for file in self._files)
        index, count = self._request.shard or (0, 1)
        for number, file in enumerate(self._files):
            with closing(file.pieces()) as pieces:
                for piece in pieces:
                    name = f"part-{number:05}-{piece.number:05}"
                    if name not in before and len(names) % count == index:
                        self._write(name, file, piece)
                    names.append(name)
                    self._job.watch.reach((done + piece.share * file.size) / total)
                    self._job.watch.check()
            done += file.size
        return self._finish(names)

    def _take(self) -> None:
        """Make the folder this job's, or refuse one that is another's."""
        output, wanted = self._output, self._description()
        with explained(str(output)):
            # Another worker writes the description before its first part, so what is listed first has one.
            others, found = self._listed(output), output.below(JOB).read()
            if found == wanted:
                return
            if found is not None and (not self._request.replace or self._request.shard):
                raise UserError(
                    f"{output} holds the answers of another run; --replace overwrites them, without --shard"
                )
            if found is None and others:
                raise UserError(f"{output} holds other files: name a folder of its own")
            for name in self._records() if found is not None else {}:
                for place in self._places(name):
                    place.delete()
            for name in (SUCCESS, LINEAGE):
                output.below(name).delete()
            output.below(JOB).write(wanted)

    def _description(self) -> bytes:
        """Return what the answers follow from; the same job has the same description on every machine."""
        inputs = [{"path": str(file.place), "bytes": file.size} for file in self._files]
        return msgspec.json.format(msgspec.json.encode({**self._job.identity(), "input": inputs}), indent=2) + b"\n"

    def _places(self, name: str) -> Iterator[Place]:
        """Give all files of a part; its record is the last one that is written, and the first that is deleted."""
        yield self._output.below(f"{RECORDS}/{name}.json")
        yield self._output.below(f"{BAD_ROWS}/{name}.csv")
        for form in ("csv", "parquet"):
            yield self._output.below(f"{name}.{form}")

    def _listed(self, folder: Place) -> list[str]:
        """Return the names of what is in a folder."""
        found = folder.system.get_file_info(fs.FileSelector(folder.path, allow_not_found=True))
        return [each.base_name for each in found if not each.base_name.startswith(".")]

    def _records(self) -> dict[str, Any]:
        """Return what is known of the finished parts, by name."""
        with explained(str(self._output)):
            names = sorted(each.removesuffix(".json") for each in self._listed(self._output.below(RECORDS)))
            texts = {name: self._output.below(f"{RECORDS}/{name}.json").read() for name in names}
        return {name: msgspec.json.decode(text) for name, text in texts.items() if text}

    def _write(self, name: str, file: File, piece: Piece) -> None:
        """Write one part and then its record."""
        started, begin = datetime.now(UTC), perf_counter()
        record, bad, *_ = self._places(name)
        part = self._output.below(f"{name}.{file.form}")
        with explained(str(part)), part.scratch() as folder:
            with self._job.sink(file, folder, file.form) as sink:
                self._job.fill(sink, file, piece.batches)
            if sink.bad:
                bad.publish(sink.bad_file)
            if sink.scored:
                part.publish(sink.rows_file)
        known: dict[str, Any] = {
            "rows": sink.rows, "scored": sink.scored, "bad_rows": sink.bad,
            "started": started.isoformat(timespec="seconds"), "seconds": round(perf_counter() - begin, 3),
        }  # fmt: skip
        if not piece.number:
            with self._job.watch.stoppable():
                known["sha256"] = file.sha256()
        record.write(msgspec.json.encode(known))
        self.finished += 1
        self._job.watch.say(f"{name}: {sink.scored} of {sink.rows} rows")

    def _finish(self, names: list[str]) -> str:
        """Write the lineage and then the mark of success, if every part is there."""
        records, output = self._records(), self._output
        if missing := [name for name in names if name not in records]:
            return f"finished this share: {len(records)} of {len(names)} parts are in {output}, {missing[0]} is not"
        known = [records[name] for name in names]
        rows, scored, bad = (sum(each[key] for each in known) for key in ("rows", "scored", "bad_rows"))
        require_rows(self._source, rows, scored)
        inputs = []
        for number, file in enumerate(self._files):
            own = [records[name] for name in names if name.startswith(f"part-{number:05}-")]
            digest = own[0]["sha256"] if own else file.sha256()
            counted = sum(each["rows"] for each in own)
            inputs.append({"path": str(file.place), "bytes": file.size, "rows": counted, "sha256": digest})
        lineage = {
            **self._job.identity(), "program": program(), "input": inputs, "output": str(output), "parts": len(names),
            "rows": rows, "scored": scored, "bad_rows": bad, "started": min(each["started"] for each in known),
            "seconds": round(sum(each["seconds"] for each in known), 3),
        }  # fmt: skip
        with explained(str(output)):
            output.below(LINEAGE).write(msgspec.json.format(msgspec.json.encode(lineage), indent=2) + b"\n")
            output.below(SUCCESS).write(b"")
        rest = f"; {bad} bad rows: {output.below(BAD_ROWS)}" if bad else ""
        return (
            f"scored {scored} of {rows} rows with {self._job.scorer.model.name}: {len(names)} parts in {output}{rest}"
        )
