"""Functions that people put into a FunctionTransformer. A pickle names this module, so it must stay importable."""

from datetime import date

import numpy as np
import pandas as pd


def strip_lower(frame):
    return frame.apply(lambda column: column.str.strip().str.lower())


def strip_lower_cells(frame):
    return frame.map(lambda text: text.strip().lower())


def first_word(frame):
    return frame.apply(lambda column: column.str.split().str[0].fillna("none"))


def text_length(frame):
    return frame.apply(lambda column: column.str.len()).to_numpy(dtype=float)


def known_or_other(frame):
    return frame.map(lambda text: text if text in ("Oslo", "Rome", "S", "M", "red") else "other")


def clip_500(frame):
    return frame.clip(upper=500)


def clip_both(values):
    return np.clip(values, -1000, 1000)


def iso_days(frame):
    """Return days since 1970; a text that is no ISO date raises a ValueError."""
    return frame.map(lambda text: date.fromisoformat(text).toordinal() - 719_163).to_numpy(dtype=float)


def iso_month(frame):
    return frame.apply(lambda column: pd.to_datetime(column, format="%Y-%m-%d").dt.month).to_numpy(dtype=float)


def day_parts(frame):
    """Return numbers of columns that hold timestamps."""
    parts = [part for name in frame for part in (frame[name].dt.dayofyear, frame[name].dt.weekday, frame[name].dt.year)]
    return pd.concat(parts, axis=1).to_numpy(dtype=float)


def days_since(frame):
    return frame.apply(lambda column: (column - pd.Timestamp("2020-01-01")).dt.days).to_numpy(dtype=float)


def ratio(frame):
    """Return the first column by each of the others; zero below gives an infinity or NaN."""
    values = frame.to_numpy(dtype=float)
    return values[:, :1] / values[:, 1:]


def safe_ratio(frame):
    values = frame.to_numpy(dtype=float)
    return values[:, :1] / (1 + np.abs(values[:, 1:]))


def above_ten(values):
    return (np.asarray(values) > 10).astype(float)


def whole_part(values):
    return np.floor(np.asarray(values, dtype=float))


def last_digit(values):
    return np.mod(np.asarray(values, dtype=float), 10)


def wave(values):
    return np.sin(np.asarray(values, dtype=float) / 7)


def bands(frame):
    """Return which of four bands each number is in."""
    return frame.apply(lambda column: pd.cut(column, [-np.inf, 0, 10, 100, np.inf], labels=False)).to_numpy(dtype=float)


def fill_zero(frame):
    return frame.fillna(0)


def is_missing(frame):
    return frame.isna().to_numpy(dtype=float)


def as_text(frame):
    return frame.astype(str)


def first_column(frame):
    return frame.iloc[:, 0]


def square(values):
    return np.asarray(values) ** 2


def square_root(values):
    return np.sqrt(np.abs(np.asarray(values)))


def spread_of_row(values):
    values = np.asarray(values, dtype=float)
    return np.column_stack([values, values.max(axis=1) - values.min(axis=1)])
