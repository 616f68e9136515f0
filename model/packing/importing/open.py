"""Open what a model was saved in."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version
from typing import Any

from model.packing.data import PackError
from model.packing.importing.boosting_files import MISSING, open_catboost, open_xgboost
from model.packing.importing.file_kinds import Saved
from model.packing.importing.pickles import open_pickle
from model.packing.importing.skops_files import open_skops
from model.packing.importing.without_samplers import without_samplers
from model.trees.read import LIBRARIES


def open_estimator(saved: Saved, trusted: Collection[str]) -> tuple[Any, str | None]:
    """Return the estimator of a file, and a note where it may not be what was trained."""
    if trusted and saved.kind != "skops":
        raise PackError(f"--trust is for files of skops, and {saved.path} is none")
    try:
        thing, there = _open(saved, trusted)
    except ModuleNotFoundError as error:
        raise PackError(f"{saved.path} needs the module {error.name}, which is not here: {_how(error)}") from error
    return without_samplers(thing), MISSING if saved.kind == "xgboost" else _warning(saved.version or there)


def _open(saved: Saved, trusted: Collection[str]) -> tuple[Any, str | None]:
    match saved.kind:
        case "skops":
            return open_skops(saved.path, trusted)
        case "xgboost":
            return open_xgboost(saved.path), None
        case "catboost":
            return open_catboost(saved.path), None
        case "pickle":
            return open_pickle(saved.path)


def _how(error: ModuleNotFoundError) -> str:
    root = str(error.name).split(".")[0]
    if root in LIBRARIES:
        return "make setup EXTRAS=boosting, or pip install 'score-app[boosting]'"
    if root == "imblearn":
        return ".venv/bin/python -m pip install imbalanced-learn"
    return f"--code {root}.py brings a file or folder of your own, --requires NAME installs a library"


def _warning(there: str | None) -> str | None:
    here = version("scikit-learn")
    if there in (None, here):
        return None
    return f"saved with scikit-learn {there}, opened with {here}: it may answer differently than where it was trained"
