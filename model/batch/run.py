"""Score files: the whole of `python -m model score`."""

from __future__ import annotations

import os

from model.batch.job import Job, Request, is_folder
from model.batch.one_file import score_file
from model.batch.parts import score_folder
from model.batch.places import place
from model.batch.scorer import Scorer
from model.batch.sources import files_at
from model.batch.watch import Watch
from model.check import load_verified, trusted_keys


def score(request: Request, watch: Watch) -> str:
    """Score what the request names, and return what was done; raise a UserError if it cannot be."""
    source, output = place(request.source), place(request.output)
    folder = is_folder(source, output)
    files = files_at(source)
    keys = trusted_keys(os.environ.get("MODEL_KEYS"))
    scorer = Scorer(load_verified(request.bundles, request.name, keys=keys), request.wanted)
    manifest = scorer.model.manifest
    if manifest.input.alone:
        watch.note(f"{request.name}: one row at a time, so that other rows never change an answer ({manifest.reason})")
    with watch:
        job = Job(scorer, watch, strict=request.strict)
        if folder:
            return score_folder(request, job, source, files, output)
        return score_file(request, job, files[0], output)
