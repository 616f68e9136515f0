"""Make a bundle of an estimator that is in memory, with the rows that it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from model.errors import guarded
from model.user_error import UserError
from score_app.folder import Folder, folder_of
from score_app.model import Model, load

if TYPE_CHECKING:
    import pandas as pd

    from model.packing.pack import Material
    from model.segments import Treatment

TRAIN = "pip install 'score-app[train]'"


def pack(  # noqa: PLR0913 - keywords, most of which are left out
    estimator: Any, X: Any, y: Any = None, *, name: str, title: str | None = None,
    units: Mapping[str, str] | None = None, log: Mapping[str, Treatment] | None = None, replace: bool = False,
    bundles: Folder = None,
) -> Model:  # fmt: skip
    """Make the bundle `name` of a fitted estimator and rows like those of its training, and return it loaded.

    X is a data frame whose types are those of training. With y, the right answers, the card says how good the model is.
    log says what the prediction log does with features, as {"email": "drop", "customer": "hash"}.
    """
    try:
        import model.packing.pack as packing  # noqa: PLC0415 - serving needs none of it
    except ModuleNotFoundError as error:
        raise UserError(f"packing a model needs {error.name}, which is not installed: {TRAIN}") from None

    folder = folder_of(bundles)
    _require_free(folder / name, replace=replace)
    with guarded(f"{type(estimator).__name__} cannot be packed"):
        material = _material(estimator, X, y, name, title or name.replace("-", " ").capitalize(), units or {})
        packing.pack(dataclasses.replace(material, log=log or {}), folder, replace=replace)
    return load(name, bundles=folder)


def _require_free(place: Any, *, replace: bool) -> None:
    if place.is_dir() and not replace:
        raise UserError(f"there is a bundle {place.name!r} already: replace=True overwrites it, or give another name")


def _material(estimator: Any, X: Any, y: Any, name: str, title: str, units: Mapping[str, str]) -> Material:
    from model.packing.data import require_estimator, select  # noqa: PLC0415
    from model.packing.describe import Hints  # noqa: PLC0415
    from model.packing.evaluate import Judged  # noqa: PLC0415
    from model.packing.importing.without_samplers import without_samplers  # noqa: PLC0415
    from model.packing.pack import Material  # noqa: PLC0415

    require_estimator(estimator, "the first argument is")
    estimator = without_samplers(estimator)
    frame = _frame(estimator, X)
    rows = select(estimator, frame, ())
    truth = None if y is None else _truth(y, len(frame))
    source = "the rows that were packed; whether training saw them is not known here"
    return Material(
        name=name,
        title=title,
        estimator=estimator,
        rows=rows,
        judged=None if truth is None else Judged(rows, truth, source),
        hints=Hints(targets=() if truth is None else tuple(truth.columns), units=units),
    )


def _frame(estimator: Any, X: Any) -> pd.DataFrame:
    """Return the rows as a data frame; the columns of an array have numbers as names."""
    import pandas as pd  # noqa: PLC0415

    from model.packing.data import PackError, names_of  # noqa: PLC0415

    if isinstance(X, pd.Series):
        X = X.to_frame(X.name if X.name is not None else "text")
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame(X)
        known = names_of(estimator)
        named = known is not None and len(known) == X.shape[1]
        X = X.set_axis(known if named else [f"x{place}" for place in range(X.shape[1])], axis=1)
    if X.empty:
        raise PackError("X has no rows: give rows like those that the model was trained on")
    if not X.columns.is_unique:
        raise PackError(f"X has two columns named {X.columns[X.columns.duplicated()][0]!r}: rename one of them")
    frame: pd.DataFrame = X.reset_index(drop=True)
    return frame


def _truth(y: Any, rows: int) -> pd.DataFrame:
    """Return the right answers as a data frame, one column a target."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    from model.packing.data import PackError  # noqa: PLC0415

    if isinstance(y, pd.Series):
        y = y.to_frame(y.name if y.name is not None else "prediction")
    if not isinstance(y, pd.DataFrame):
        table = np.asarray(y)
        several = table.ndim > 1 and table.shape[1] > 1
        names = [f"prediction_{place}" for place in range(table.shape[1])] if several else ["prediction"]
        y = pd.DataFrame(table.reshape(len(table), -1), columns=names)
    if len(y) != rows:
        raise PackError(f"y has {len(y)} answers and X has {rows} rows: give one answer a row")
    truth: pd.DataFrame = y.set_axis([str(name) for name in y.columns], axis=1).reset_index(drop=True)
    return truth
