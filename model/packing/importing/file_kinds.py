"""Which kind of file a model was saved in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile, ZipFile

from model.packing.importing.mlflow_folders import is_mlflow_folder, read_mlflow_folder
from model.user_error import UserError

Kind = Literal["pickle", "skops", "xgboost", "catboost"]
# Pickles since protocol 2, gzip, zlib at its levels, bzip2, xz and lzma, lz4.
_PICKLES = (b"\x80", b"\x1f\x8b", b"\x78", b"BZ", b"\xfd7", b"]\x00", b"\x04\x22")
_LIGHTGBM = b"tree\n"


@dataclass(frozen=True)
class Saved:
    """A model as it was saved."""

    path: Path
    kind: Kind
    code: tuple[Path, ...] = ()
    """Modules that were saved beside it."""
    version: str | None = None
    """The scikit-learn that saved it, where something beside the file says so."""

    @property
    def runs_code(self) -> bool:
        """Tell whether opening it runs what it holds."""
        return self.kind == "pickle" or bool(self.code)


def find_saved(path: Path) -> Saved:
    """Look at the first bytes of a model's file, or into the folder of MLflow, or raise a UserError."""
    if not is_mlflow_folder(path):
        return Saved(path, _kind_of(path))
    folder = read_mlflow_folder(path)
    return Saved(folder.model, _kind_of(folder.model), folder.code, folder.version)


def _kind_of(path: Path) -> Kind:
    """Refuse early what no library wrote: a large file of nothing keeps the unpickler busy for ever."""
    start = _start(path)
    if start.startswith(_LIGHTGBM):
        raise UserError(
            f"{path} holds a Booster of LightGBM, without the names of its classes: save the LGBMClassifier, "
            "LGBMRegressor or LGBMRanker itself, with joblib"
        )
    if start.startswith(_PICKLES):
        return "pickle"
    if start.startswith(b"PK") and _has_schema(path):
        return "skops"
    if start.startswith(b"CBM"):
        return "catboost"
    if start.lstrip().startswith(b"{") and b"learner" in start:
        return "xgboost"
    raise UserError(f"{path} is not a pickle or joblib file, nor one of skops, XGBoost or CatBoost")


def _has_schema(path: Path) -> bool:
    """Tell an archive of skops from any other one."""
    with suppress(OSError, BadZipFile), ZipFile(path) as archive:
        return "schema.json" in archive.namelist()
    return False


def _start(path: Path) -> bytes:
    if path.is_dir():
        raise UserError(f"{path} is a folder without MLmodel, so it is not a model of MLflow")
    if not path.is_file():
        raise UserError(f"{path} is not a plain file")
    try:
        with path.open("rb") as stream:
            return stream.read(256)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
