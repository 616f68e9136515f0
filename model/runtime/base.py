"""What every loaded model offers, whatever answers its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from model.bundle.files import BundleError
from model.bundle.manifest import Manifest
from model.runtime.compact.answer import Row
from model.schema.readers import reader
from model.schema.rows import Table

Answer = NDArray[Any]


class Model(ABC):
    """A loaded bundle: rows in, predictions out."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.name, self.version = manifest.name, manifest.version
        self.signature = manifest.signature
        self.rows = reader(manifest.signature, manifest.input)
        self.one: Row = _no_compact_form
        """Answers one row by position from the compact form, or None where only predict can tell."""
        self.prove: Callable[[Model], None] = _unproven
        """Called when a compiled copy is opened; raises a BundleError if it must not be used."""

    @abstractmethod
    def predict(self, rows: Table) -> Answer:
        """Return the label or number of each row; one column a target where there are several."""

    @abstractmethod
    def predict_proba(self, rows: Table) -> list[Answer]:
        """Return each row's probabilities in the order of the classes, one table a target."""


def _no_compact_form(_: Sequence[Any]) -> None:
    """Leave every row to predict."""


def _unproven(_: Model) -> None:
    """Trust a copy, as whoever is about to prove it does."""


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Say of a model in a sentence what its own file makes go wrong."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:  # what a foreign file can raise has no end
        raise BundleError(f"{name}: cannot be loaded: {' '.join(str(error).split())[:200]}") from error
