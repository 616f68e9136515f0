"""Read the rows that somebody brings with a model, and find out which of their columns it takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from model.errors import one_line
from model.runtime.estimator import parts
from model.trees.read import library_of
from model.user_error import UserError

TYPED: dict[str, Any] = {
    ".parquet": pd.read_parquet,
    ".pq": pd.read_parquet,
    ".feather": pd.read_feather,
    ".arrow": pd.read_feather,
}
PICKLED = (".pkl", ".pickle", ".joblib")
_FIRST_BYTES = 65_536


class PackError(UserError):
    """A model that cannot be packed as asked, in one sentence."""


@dataclass(frozen=True)
class Data:
    """Rows of a file."""

    frame: pd.DataFrame
    typed: bool
    """The columns have the types of training; in a CSV file every cell is a string yet."""
    source: str


def read_data(path: Path, separator: str | None = ",") -> Data:
    """Read a file of rows: Parquet, Feather, a pickled data frame, or CSV with column names in its first line."""
    suffix = path.suffix.lower()
    if not path.is_file():
        raise PackError(f"{path} is not a plain file")
    try:
        if suffix in TYPED:
            frame = TYPED[suffix](path)
        elif suffix in PICKLED:
            frame = pd.read_pickle(path)  # a pickle is code: `add` warns of it
        else:
            return _checked(Data(_read_cells(path, separator), typed=False, source=path.name), path, separator)
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror or one_line(error)}") from None
    except PackError:
        raise
    except Exception as error:  # noqa: BLE001 - readers of foreign files raise all kinds
        raise PackError(f"{path} is not a {suffix} table: {one_line(error)}") from None
    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    if not isinstance(frame, pd.DataFrame):
        raise PackError(f"{path} holds a {type(frame).__name__}, not a data frame")
    return _checked(Data(frame.reset_index(drop=True), typed=True, source=path.name), path, separator)


def _read_cells(path: Path, separator: str | None) -> pd.DataFrame:
    if b"\0" in _start(path):
        raise PackError(f"{path} is not a CSV table: it holds zero bytes")
    try:
        with warnings.catch_warnings():
            # pandas cuts what is longer than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return _read_csv(path, separator)
    except pd.errors.ParserWarning:
        raise PackError(f"{path} has rows with more cells than its header") from None
    except ValueError as error:
        raise PackError(f"{path} is not a CSV table: {one_line(error)}") from None


def _read_csv(path: Path, separator: str | None, **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(
        path, sep=separator, engine="c" if separator else "python", dtype=str, keep_default_na=False, na_filter=False,
        index_col=False, encoding="utf-8-sig", **options,
    )  # fmt: skip
    return frame


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_FIRST_BYTES)


def _checked(data: Data, path: Path, separator: str | None) -> Data:
    if data.frame.empty:
        raise PackError(f"{path} has no rows below its header")
    columns = data.frame.columns if data.typed else _header(path, separator)
    names = pd.Index([str(name) for name in columns], dtype=object)
    if names.has_duplicates:
        raise PackError(f"{path} has two columns named {names[names.duplicated()][0]!r}")
    return data


def _header(path: Path, separator: str | None) -> list[str]:
    """Return the names of a CSV file's columns as they stand there; pandas numbers equal ones."""
    return list(_read_csv(path, separator, header=None, nrows=1).iloc[0])


def require_header(data: Data, estimator: Any) -> None:
    """Refuse a CSV file whose first line holds values; a model that knows its columns' names finds out by itself."""
    if data.typed or names_of(estimator) is not None:
        return
    numbers = [name for name in map(str, data.frame.columns) if is_number(name)]
    counted = [[str(start + step) for step in range(len(numbers))] for start in (0, 1)]
    if numbers and numbers not in counted:
        raise PackError(
            f"the first line of {data.source} seems to hold values ({listed(numbers)}), not the names of columns: "
            "put a line with names above it"
        )


def is_number(text: str) -> bool:
    """Tell whether Python reads a text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


_ADVICE = {
    "lightgbm.basic.Booster": ": train an LGBMClassifier, LGBMRegressor or LGBMRanker, and save it with joblib",
    "xgboost.core.Booster": ": write it with its save_model, as .json or .ubj, and add that file",
}


def require_estimator(thing: Any, holder: str = "the file holds") -> None:
    """Refuse anything that is not a fitted estimator with predict."""
    kind = type(thing).__name__
    if isinstance(thing, type) or not hasattr(thing, "get_params"):
        advice = _ADVICE.get(f"{type(thing).__module__}.{kind}", "")
        raise PackError(f"{holder} a {kind}, not a scikit-learn estimator{advice}")
    if not hasattr(thing, "predict"):
        raise PackError(f"{kind} has no predict, so there is nothing that it could answer")
    try:
        check_is_fitted(thing)
    except NotFittedError:
        raise PackError(f"{kind} was saved before it was fitted: call its fit, and save it again") from None


def names_of(estimator: Any) -> list[str] | None:
    """Return the names of the columns that an estimator was fitted on, if it knows them."""
    known = getattr(estimator, "feature_names_in_", None)
    if known is None and library_of(estimator) == "catboost" and estimator.is_fitted():
        # It numbers the columns of an array, and keeps no other trace of what they were.
        given = [str(name) for name in estimator.feature_names_]
        return None if given == [str(place) for place in range(len(given))] else given
    return None if known is None else [str(name) for name in known]


def fitted_on_frame(estimator: Any) -> bool:
    """Tell whether any step has seen the names of columns."""
    return any(names_of(part) is not None for part in parts(estimator))


def select(estimator: Any, data: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """Return the columns that the model takes, in its order."""
    rest = data.drop(columns=list(targets))
    known = names_of(estimator)
    if known is not None:
        if lacking := [name for name in known if name not in data.columns]:
            raise PackError(
                f"the data lacks {listed(lacking)}, which the model was fitted on (it has {listed(data.columns)})"
            )
        return data[known]
    width = getattr(estimator, "n_features_in_", None)
    if width is not None and width != rest.shape[1]:
        beside = f" beside {listed(targets)}" if targets else "; --target names a column that it predicts"
        raise PackError(f"the model was fitted on {width} columns, the data has {rest.shape[1]}{beside}")
    return rest


def listed(names: Iterable[Any]) -> str:
    """Return names for a sentence, not more than a dozen."""
    texts = [str(name) for name in names]
    return ", ".join(texts[:12]) + (f" and {len(texts) - 12} more" if len(texts) > 12 else "")


def plain_label(value: Any) -> Any:
    """Return a label as Python's own type."""
    return value.item() if isinstance(value, np.generic) else value
