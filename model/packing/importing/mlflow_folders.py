"""The folder that MLflow saves a model in: its file MLmodel says which file holds the estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from model.errors import one_line
from model.user_error import UserError

MLMODEL = "MLmodel"
# What names the file, by the library that the estimator is of.
_FILES = {"sklearn": "pickled_model", "xgboost": "data", "catboost": "data", "lightgbm": "data"}


@dataclass(frozen=True)
class MlflowFolder:
    """What MLmodel says."""

    model: Path
    code: tuple[Path, ...]
    version: str | None


def is_mlflow_folder(path: Path) -> bool:
    """Tell whether MLflow saved a model here."""
    return (path / MLMODEL).is_file()


def read_mlflow_folder(path: Path) -> MlflowFolder:
    """Return where the estimator of a folder is, or raise a UserError."""
    flavors = _flavors(path / MLMODEL)
    for library, key in _FILES.items():
        flavor = flavors.get(library)
        if isinstance(flavor, Mapping) and isinstance(name := flavor.get(key), str):
            version = flavor.get("sklearn_version")
            return MlflowFolder(_inside(path, name), _code(path, flavor.get("code")), version and str(version))
    raise UserError(
        f"{path / MLMODEL} names no estimator: its flavors are {', '.join(map(str, flavors)) or 'missing'}, and one of "
        f"{', '.join(_FILES)} is needed"
    )


def _flavors(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{file} cannot be read: {one_line(error)}") from None
    flavors = found.get("flavors") if isinstance(found, Mapping) else None
    return flavors if isinstance(flavors, Mapping) else {}


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UserError(f"{folder / MLMODEL} names {name}, which is not in this folder")
    if not path.exists():
        raise UserError(f"{folder / MLMODEL} names {name}, which is not there")
    return path


def _code(folder: Path, name: object) -> tuple[Path, ...]:
    """Return the modules that were saved with `code_paths`: each stands in one folder."""
    place = _inside(folder, name) if isinstance(name, str) else None
    if place is None or not place.is_dir():
        return ()
    shown = (each for each in sorted(place.iterdir()) if not each.name.startswith("."))
    return tuple(each for each in shown if each.suffix == ".py" or any(each.rglob("*.py")))
