"""Answer rows by ONNX Runtime, from a compiled copy."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import RLock
from typing import Any

from model.bundle.manifest import Manifest
from model.runtime.base import BATCH_ROWS, Answer, Model, T, loading
from model.runtime.estimator import height, no_answer, no_proba
from model.schema.input_form import Input
from model.schema.rows import Table

PREDICT, PROBA = "predict", "proba"
_PREDICT, _PROBA = [PREDICT], [PROBA]
ROWS_AT_ONCE = "rows_at_once"
"""Where a compiled copy says how many rows it takes at once, in its metadata."""
Run = Callable[[list[str], Table], Answer]


class OnnxModel(Model):
    """A model compiled to ONNX. Its run releases the interpreter, so batches do not hold up other threads.

    The compiled copy is opened when it is first needed, and proven then: ONNX Runtime takes 35 MiB and 0.1 s, which a
    model that answers single rows in its compact form may never need.
    """

    def __init__(self, manifest: Manifest, content: bytes, threads: int = 1) -> None:
        super().__init__(manifest)
        self._content, self._threads = content, threads
        self._opening = RLock()
        self._proving: Run | None = None
        self._run: Run | None = None
        self._single = len(self.signature.targets) == 1
        labels = [label for target in self.signature.targets for label in target.classes or ()]
        # ONNX has whole numbers for labels that are true and false.
        self._boolean = bool(labels) and all(isinstance(label, bool) for label in labels)

    def _predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        if not height(rows):
            return no_answer(self.signature)
        answer = (self._run or self._open())(_PREDICT, rows)
        answer = answer.astype(bool) if self._boolean else answer
        return answer.reshape(-1) if self._single and answer.ndim == 2 else answer

    def _predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities in the order of the classes."""
        if not height(rows):
            return no_proba(self.signature)
        answer = (self._run or self._open())(_PROBA, rows)
        return [answer] if self._single else list(answer)

    def _in_batches(self, rows: Table, function: Callable[[Table], T]) -> list[T]:
        if self._run is None and height(rows) > 1:
            # Only the copy says how many rows it takes at once.
            self._open()
        return super()._in_batches(rows, function)

    def _open(self) -> Run:
        with self._opening:
            # The proof asks this very model, from within this lock.
            if self._run is None and self._proving is None:
                with loading(self.name):
                    session = open_session(self._content, self._threads)
                    self.batch_rows = rows_at_once(session)
                    self._proving = runner(session, self.manifest.input)
                    try:
                        self.check_copy(self)
                        self._run = self._proving
                    finally:
                        self._proving = None
            run = self._run or self._proving
        assert run is not None  # noqa: S101 - a failed proof has raised
        return run


def runner(session: Any, form: Input) -> Run:
    """Return what asks a session for one output."""
    # Session.run checks what was checked when the rows were read; on one row that takes as long as a tree.
    run = session._sess.run  # noqa: SLF001
    if form.kind != "matrix":
        return lambda outputs, rows: run(outputs, rows, None)[0]
    name = session.get_inputs()[0].name
    return lambda outputs, rows: run(outputs, {name: rows}, None)[0]


def rows_at_once(session: Any) -> int:
    """Return how many rows a compiled copy takes at once: fewer if its constants are wide."""
    return max(1, int(session.get_modelmeta().custom_metadata_map.get(ROWS_AT_ONCE, BATCH_ROWS)))


def open_session(content: bytes, threads: int = 1) -> Any:
    """Return an ONNX Runtime session that computes in the calling thread by default."""
    # Otherwise it reports every model that it opens to its maker, and keeps an identifier on disk.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - a bundle without a compiled copy is served without it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # An arena keeps the memory of the largest batch for ever; blocks of the C library are as fast here.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # what it could say is raised as well
    # Waiting threads that spin eat the quota of the pod that they wait in.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
