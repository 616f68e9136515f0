"""Import a user's own estimator: open it, learn about it from rows of data, pack it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model.bundle.files import CODE, REQUIREMENTS, free
from model.bundle.manifest import Manifest
from model.errors import guarded
from model.packing.data import Data, PackError, listed, read_data, require_estimator, require_header, select
from model.packing.describe import Hints
from model.packing.evaluate import Judged
from model.packing.importing.file_kinds import Saved
from model.packing.importing.open import open_estimator
from model.packing.known_code import own_code
from model.packing.origins import Origins
from model.packing.own_modules import archive_of
from model.packing.pack import Material, pack
from model.packing.requirements import install, resolve
from model.packing.types import GAPS, categorical, converted, typed_from_cells
from model.runtime.own_modules import make_importable
from model.segments import Treatment


@dataclass(frozen=True)
class Request:
    """What somebody asks to be packed."""

    saved: Saved
    data: Path
    name: str
    targets: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False
    code: tuple[Path, ...] = ()
    """Files and folders with the user's own modules."""
    requires: tuple[str, ...] = ()
    """Libraries to install beside those of the lock."""
    trust: tuple[str, ...] = ()
    """Types of a file of skops that skops does not know."""
    lean: bool = False
    """Whether a compiled copy is shipped even where scikit-learn is faster."""
    log: Mapping[str, Treatment] = field(default_factory=dict)
    """What the prediction log does with features."""


def add(wanted: Request, folder: Path, say: Callable[[str], None]) -> Manifest:
    """Pack the estimator of a file, or raise a UserError and write nothing."""
    free(folder, wanted.name, replace=wanted.replace)
    data = read_data(wanted.data)
    _require_columns(data, (*wanted.targets, *wanted.types))
    brought = _brought(wanted, say)
    say(f"opening {wanted.saved.path}")
    estimator, warning = open_estimator(wanted.saved, wanted.trust)
    with guarded(f"{type(estimator).__name__} cannot be packed"):
        require_estimator(estimator)
        require_header(data, estimator)
        return pack(_material(estimator, data, wanted, warning, brought), folder, replace=wanted.replace, say=say)


def _brought(wanted: Request, say: Callable[[str], None]) -> dict[str, bytes]:
    """Return what a bundle brings for its estimator, once it can be imported here."""
    brought = {}
    if wanted.requires:
        say(f"installing {', '.join(wanted.requires)}")
        brought[REQUIREMENTS] = resolve(wanted.requires)
        install(wanted.requires, brought[REQUIREMENTS])
    if code := (*wanted.saved.code, *wanted.code):
        brought[CODE] = archive_of(code)
        make_importable(wanted.name, brought[CODE])
    return brought


def _material(
    estimator: Any, data: Data, wanted: Request, warning: str | None, brought: Mapping[str, bytes]
) -> Material:
    chosen = select(estimator, data.frame, wanted.targets)
    rows = _typed(estimator, data, chosen, wanted.types)
    judged = None
    if wanted.targets:
        truth = _truth(estimator, data, wanted.targets)
        judged = Judged(rows, truth, f"the rows of {data.source}; whether training saw them is not known here")
    return Material(
        name=wanted.name,
        title=wanted.name.replace("-", " ").capitalize(),
        estimator=estimator,
        rows=rows,
        judged=judged,
        hints=Hints(targets=wanted.targets),
        notes=(warning,) if warning else (),
        files=brought,
        lean=wanted.lean,
        log=wanted.log,
    )


def _require_columns(data: Data, names: Sequence[str]) -> None:
    for name in names:
        if name not in data.frame.columns:
            raise PackError(f"{data.source} has no column {name!r} (it has {listed(data.frame.columns)})")


def _typed(estimator: Any, data: Data, chosen: pd.DataFrame, wishes: Mapping[str, str]) -> pd.DataFrame:
    names = [str(name) for name in chosen.columns]
    if unknown := [name for name in wishes if name not in names]:
        raise PackError(f"--types {unknown[0]}: the model has no such feature (it has {listed(names)})")
    evidence = dict(zip(names, Origins(estimator, names).evidence, strict=True))
    if data.typed:
        columns = {name: converted(str(name), chosen[name], wishes[name]) for name in chosen.columns if name in wishes}
        for name in chosen.columns:
            known = evidence[str(name)].frame_categories
            if known is not None and name not in columns:
                columns[name] = categorical(chosen[name], known)
        return chosen.assign(**columns)
    return typed_from_cells(chosen, evidence, wishes, strict=bool(own_code(estimator)))


def _truth(estimator: Any, data: Data, targets: tuple[str, ...]) -> pd.DataFrame:
    """Return the right answers with the types of the estimator's own classes."""
    truth = data.frame[list(targets)]
    if data.typed:
        return truth
    classes = getattr(estimator, "classes_", None)
    several = classes if isinstance(classes, list) else [classes] * len(targets)
    if len(several) != len(targets):
        several = [None] * len(targets)
    return pd.DataFrame(
        {name: _labels(name, truth[name], known) for name, known in zip(targets, several, strict=True)},
        columns=list(targets),
    )


def _labels(name: str, cells: pd.Series[Any], classes: Any) -> pd.Series[Any]:
    """Read a CSV file's labels as the estimator spells its own; for numbers, as numbers."""
    known = [] if classes is None else np.asarray(classes).ravel().tolist()
    if known and all(isinstance(label, str) for label in known):
        return cells.mask(cells.isin(GAPS.difference(known))).astype(object)
    if known and all(isinstance(label, bool) for label in known):
        spelled = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
        read = cells.str.strip().str.lower().map(spelled)
        return read.where(read.notna() | cells.isin(GAPS), cells)
    numbers = pd.to_numeric(cells.mask(cells.isin(GAPS)), errors="coerce")
    if (numbers.isna() & ~cells.isin(GAPS)).any():
        flags = cells.map({"True": 1, "False": 0, "true": 1, "false": 0})
        if known and flags.notna().all():
            return flags
        if known:
            return cells
        raise PackError(f"the target {name!r} holds texts, but the model predicts numbers")
    whole = known and all(isinstance(label, int) for label in known) and (numbers.dropna() % 1 == 0).all()
    return numbers.astype("Int64").astype(object) if whole else numbers
