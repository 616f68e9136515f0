"""A loaded bundle that answers data frames, and shows its card in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from numpy.typing import NDArray

from model.bundle.files import read
from model.bundle.manifest import Manifest
from model.check import check_bundle, verify_golden_rows
from model.errors import guarded
from model.runtime import base
from model.runtime.load import load as load_bundle
from model.user_error import UserError
from score_app.folder import Folder, folder_of
from score_app.rows import rows_of

CARD_HEIGHT = 640


class Model:
    """A bundle that was proven and loaded, as the service has it."""

    def __init__(self, loaded: base.Model) -> None:
        self._loaded = loaded
        self.name, self.version = loaded.name, loaded.version

    @property
    def manifest(self) -> Manifest:
        """Return what is known of the model: its signature, metrics, proofs and library versions."""
        return self._loaded.manifest

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the label or number of each row of a data frame, as the estimator's own predict does."""
        answer = self._loaded.predict(self._table(rows))
        return answer.reshape(-1, 1) if self._loaded.signature.column else answer

    def predict_proba(self, rows: Any) -> NDArray[Any] | list[NDArray[Any]]:
        """Return each row's probabilities in the order of the classes; with several targets, one table for each."""
        if not self._loaded.signature.proba:
            raise UserError(f"{self.name} gives no probabilities: call predict")
        tables = self._loaded.predict_proba(self._table(rows))
        return tables[0] if len(tables) == 1 else tables

    def _table(self, rows: Any) -> Any:
        found, names = rows_of(rows)
        if names is not None:
            # Without rows the names alone are judged, once and not for each row.
            self._loaded.reader([], names)
        return self._loaded.reader(found, names)

    def __repr__(self) -> str:
        manifest = self.manifest
        features = ", ".join(manifest.signature.names[:12])
        return f"<{self.name} {self.version}: {manifest.estimator}; features: {features}>"

    def _repr_html_(self) -> str:
        """Return the model card for a notebook; in a frame, so that neither's styles reach the other."""
        from model.card.page import html  # noqa: PLC0415 - only notebooks need it

        page = escape(html(self.manifest), quote=True)
        return (
            f'<iframe srcdoc="{page}" title="Model card: {escape(self.name)}" sandbox="" width="100%" '
            f'height="{CARD_HEIGHT}" style="border: 1px solid #8888; border-radius: 4px"></iframe>'
        )


def load(name: str, *, bundles: Folder = None) -> Model:
    """Load a bundle after its proof: digests, library versions and golden rows."""
    with guarded(f"{name}: cannot be loaded"):
        loaded = load_bundle(read(folder_of(bundles), name))
        verify_golden_rows(loaded)
    return Model(loaded)


def check(name: str, *, bundles: Folder = None) -> str:
    """Prove a bundle as `python -m model check` does, and return what was found; raise a BundleError if it is bad."""
    return check_bundle(folder_of(bundles), name)
