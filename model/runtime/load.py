"""Load a bundle and answer rows: by ONNX Runtime where a compiled copy was proven equal, else by scikit-learn.

A compiled bundle imports neither scikit-learn nor pandas. Both kinds of model are safe to share between threads.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from threading import RLock
from typing import Any

import msgspec
from numpy.typing import NDArray

from model.bundle.files import ONNX, PICKLE, SHORT, Bundle, BundleError
from model.bundle.manifest import Manifest
from model.runtime.batching import Together, join, split, split_each
from model.runtime.compact import Form, Row, answerer
from model.runtime.estimator import Original, height, no_answer, no_proba, unpickle
from model.schema.readers import reader
from model.schema.rows import Table

PREDICT, PROBA = "predict", "proba"
# Up to this many rows, calls to scikit-learn are taken together; a larger batch pays for itself and runs beside.
MOST_TOGETHER = 64

Answer = NDArray[Any]
Run = Callable[[list[str], Table], Answer]


class Model(ABC):
    """A loaded bundle: rows in, predictions out."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.name, self.version = manifest.name, manifest.version
        self.signature = manifest.signature
        self.rows = reader(manifest.signature, manifest.input)
        self.one: Row = _no_short_form
        """Answers one row by position the shortest way, or None where only predict can tell."""
        self.prove: Callable[[Model], None] = _unproven
        """Called when a compiled copy is opened; raises a BundleError if it must not be used."""

    @abstractmethod
    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row; one column a target where there are several."""

    @abstractmethod
    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities in the order of the classes, one table a target."""


class OnnxModel(Model):
    """A model compiled to ONNX. Its run releases the interpreter, so batches do not hold up other threads.

    The compiled copy is opened when it is first needed, and proven then: ONNX Runtime takes 35 MiB and 0.1 s, which a
    model that answers single rows in its short form may never need.
    """

    def __init__(self, manifest: Manifest, content: bytes, threads: int = 1) -> None:
        super().__init__(manifest)
        self._content, self._threads = content, threads
        self._opening = RLock()
        self._proving: Run | None = None
        self._run: Run | None = None
        self._single = len(self.signature.targets) == 1

    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        if not height(rows):
            return no_answer(self.signature)
        answer = (self._run or self._open())(_PREDICT, rows)
        return answer.reshape(-1) if self._single and answer.ndim == 2 else answer

    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities in the order of the classes."""
        if not height(rows):
            return no_proba(self.signature)
        answer = (self._run or self._open())(_PROBA, rows)
        return [answer] if self._single else list(answer)

    def _open(self) -> Run:
        with self._opening:
            # The proof asks this very model, from within this lock.
            if self._run is None and self._proving is None:
                with loading(self.name):
                    self._proving = _runner(open_session(self._content, self._threads), self.manifest)
                    try:
                        self.prove(self)
                        self._run = self._proving
                    finally:
                        self._proving = None
            run = self._run or self._proving
        assert run is not None  # noqa: S101 - a failed proof has raised
        return run


def _runner(session: Any, manifest: Manifest) -> Run:
    """Return what asks a session for one output."""
    # Session.run checks what was checked when the rows were read; on one row that takes as long as a tree.
    run = session._sess.run  # noqa: SLF001
    if manifest.input.kind != "matrix":
        return lambda outputs, rows: run(outputs, rows, None)[0]
    name = session.get_inputs()[0].name
    return lambda outputs, rows: run(outputs, {name: rows}, None)[0]


_PREDICT, _PROBA = [PREDICT], [PROBA]


def _no_short_form(_: Sequence[Any]) -> None:
    """Leave every row to predict."""


def _unproven(_: Model) -> None:
    """Trust a copy, as whoever is about to prove it does."""


def open_session(content: bytes, threads: int = 1) -> Any:
    """Return an ONNX Runtime session that computes in the calling thread unless told otherwise."""
    # Unless this is said before, it tells its maker of every model that it opens, and keeps an identifier on disk.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - a bundle without a compiled copy is served without it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it could say is raised as well
    # Waiting threads that spin eat the quota of the pod that they wait in.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class SklearnModel(Model):
    """A model served by scikit-learn itself; simultaneous small calls are taken together."""

    def __init__(self, manifest: Manifest, estimator: Any) -> None:
        super().__init__(manifest)
        self._original = Original(estimator, manifest.signature, manifest.input)
        self._predict: Together[Table, Answer] = Together(self._original.predict, join, split)
        self._proba: Together[Table, list[Answer]] = Together(self._original.proba, join, split_each)

    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row."""
        return self._predict(rows) if height(rows) <= MOST_TOGETHER else self._original.predict(rows)

    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities."""
        return self._proba(rows) if height(rows) <= MOST_TOGETHER else self._original.proba(rows)


def load(bundle: Bundle, threads: int = 1) -> Model:
    """Return the model of a bundle whose digests were checked, or raise a BundleError."""
    manifest = bundle.manifest
    check_versions(manifest)
    with loading(manifest.name):
        return _load(bundle, threads)


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Say of a model in a sentence what its own file makes go wrong."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:  # what a foreign file can raise has no end
        raise BundleError(f"{name}: cannot be loaded: {' '.join(str(error).split())[:200]}") from error


def _load(bundle: Bundle, threads: int) -> Model:
    manifest, files = bundle.manifest, bundle.files
    model: Model
    if manifest.runtime == "onnx":
        model = OnnxModel(manifest, files[ONNX], threads)
    else:
        model = SklearnModel(manifest, unpickle(files[PICKLE]))
    if SHORT in files:
        model.one = answerer(msgspec.json.decode(files[SHORT], type=Form), manifest.signature)
    return model


def check_versions(manifest: Manifest) -> None:
    """Compare the libraries that this bundle was proven with against the installed ones."""
    for library, wanted in manifest.requires.items():
        try:
            installed = version(library)
        except PackageNotFoundError:
            raise BundleError(f"{manifest.name}: needs {library} {wanted}, which is not installed") from None
        if installed != wanted:
            raise BundleError(
                f"{manifest.name}: was packed with {library} {wanted}, but {installed} is installed: "
                f"install {library}=={wanted}, or pack the model again"
            )
