"""Rows that training never had, as callers send them: made of the table alone, whatever the pipeline is."""

import unicodedata
from typing import Any

import numpy as np
import pandas as pd

Row = dict[str, Any]

HUGE = (1e6, 1e9, 2.0**53 + 2, 1e15, 3.4e38, 3.5e38, 1e39, 1e100, 1e200, 1e300, 1.7e308)
TINY = (1e-300, 5e-324, 1e-45, 1e-30, 1e-12, 1e-7)
STRANGE = (
    "", " ", "  ", "\t", "\n", "nan", "NaN", "None", "null", "NULL", "NA", "N/A", "<NA>", "True", "False", "true",
    "0", "01234", "1234", "-1", "1e5", "１２", "x", "X", "e\u0301", "ß", "SS", "İ", "ı", "Ω", "Ω", "🙂", "شكرا",
    "1", "1.0", "é", "a\u200bb", "\ufeffa", "a\x00b", "a\u00a0b", "\ufdd0", "other", "missing_value",
    "infrequent_sklearn", "good", "don't", "x" * 3000, "good bad " * 400, "2022-02-28", "42", "Oslo", "S", "red", "yes",
)  # fmt: skip
DATES = (
    "2024-02-29", "2023-02-29", "1969-12-31", "1970-01-01", "2100-12-31", "0001-01-01", "9999-12-31", "2024-1-5",
    "20240105", "2024-01-05T10:00:00", "2024-W01-5", " 2022-03-01", "2022-13-01", "05.01.2024", "2022-03-01Z",
)  # fmt: skip
TIMES = (
    "2024-02-29", "1969-12-31", "1970-01-01", "2100-12-31", "1900-01-01", "2022-03-01T12:30:00", "2022-03-01 12:30:00",
    "2022-03-01T23:59:59.999999", "2022-13-01", "yesterday", "",
)  # fmt: skip


def fresh(frame: pd.DataFrame, rng: np.random.Generator, count: int) -> list[Row]:
    """Return rows of JSON values, most of them nasty in one cell, two or all."""
    pools = {name: Pool(frame[name]) for name in frame}
    rows = [_row(frame, pools, rng) for _ in range(count)]
    return [{name: row[name] for name in frame} for row in rows]


def _row(frame: pd.DataFrame, pools: dict[str, "Pool"], rng: np.random.Generator) -> Row:
    names = list(frame)
    mode = rng.choice(["mixed", "one", "two", "all", "ends", "missing"], p=[0.15, 0.3, 0.2, 0.15, 0.15, 0.05])
    row = {name: pools[name].usual(rng) for name in names}
    if mode == "ends":
        return {name: pools[name].end(rng, rng.random() < 0.5) for name in names}
    if mode == "missing":
        share = rng.random()
        return {name: None if rng.random() < share else value for name, value in row.items()}
    count = {"mixed": 0, "one": 1, "two": 2, "all": len(names)}[str(mode)]
    for name in rng.choice(names, min(count, len(names)), replace=False).tolist():
        row[name] = pools[name].nasty(rng)
    return row


class Pool:
    """What may stand in one column."""

    def __init__(self, column: pd.Series):
        self.column = column
        self.seen = [wire(value) for value in column.dropna().unique().tolist()]
        kinds = {type(value) for value in self.seen}
        self.whole = pd.api.types.is_integer_dtype(column.dtype)
        if kinds == {bool}:
            self.nasty, self.end = self._flag, lambda rng, high: high
        elif kinds <= {int, float}:
            self.low, self.high = min(self.seen), max(self.seen)
            self.range = float(self.high - self.low) or 1.0
            self.nasty, self.end = self._number, self._end
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            self.nasty = self._time
            self.end = lambda rng, high: "2090-06-30" if high else "1910-06-30"
        else:
            self.words = sorted({word for text in self.seen for word in text.split()})
            self.dates = all(len(text) == 10 and text[4:5] == text[7:8] == "-" for text in self.seen)
            self.nasty = self._text
            self.end = lambda rng, high: self.nasty(rng)

    def usual(self, rng):
        if rng.random() < 0.05 and self.column.isna().any():
            return None
        return self.seen[rng.integers(len(self.seen))]

    def _flag(self, rng):
        return [True, False, None, 1, 0][rng.choice(5, p=[0.4, 0.4, 0.08, 0.06, 0.06])]

    def _end(self, rng, high):
        far = self.range * 10.0 ** rng.uniform(-1, 4)
        value = self.high + far if high else self.low - far
        return round(value) if self.whole else float(value)

    def _number(self, rng):
        at = self.seen[rng.integers(len(self.seen))]
        other = self.seen[rng.integers(len(self.seen))]
        sign = rng.choice([-1, 1])
        makers = (
            lambda: rng.uniform(self.low, self.high),
            lambda: float(np.nextafter(at, np.inf * sign)),
            lambda: at + sign * 1e-6 * self.range,
            lambda: (at + other) / 2,
            lambda: self._end(rng, sign > 0),
            lambda: self._end(rng, sign > 0),
            lambda: [0, 0.0, -0.0, 1, -1][rng.integers(5)],
            lambda: sign * TINY[rng.integers(len(TINY))],
            lambda: sign * HUGE[rng.integers(len(HUGE))],
            lambda: None,
            lambda: round(at + sign * rng.integers(1, 50)),
            lambda: float(at),
        )
        value = makers[rng.integers(len(makers))]()
        # Half of what a column of whole numbers is sent is whole, as callers mean it.
        if self.whole and isinstance(value, float) and abs(value) < 2**63 and rng.random() < 0.7:
            value = round(value)
        return int(value) if isinstance(value, int | np.integer) else None if value is None else float(value)

    def _time(self, rng):
        if rng.random() < 0.1:
            return None
        if rng.random() < 0.4:
            return TIMES[rng.integers(len(TIMES))]
        day = pd.Timestamp("2021-06-01") + pd.to_timedelta(int(rng.integers(-9000, 9000)), unit="D")
        return day.strftime("%Y-%m-%d")

    def _text(self, rng):
        text = self.seen[rng.integers(len(self.seen))]
        if self.dates and rng.random() < 0.6:
            if rng.random() < 0.3:
                return DATES[rng.integers(len(DATES))]
            day = pd.Timestamp("2021-06-01") + pd.to_timedelta(int(rng.integers(-9000, 9000)), unit="D")
            return day.strftime("%Y-%m-%d")
        changes = (
            str.upper, str.lower, str.title, str.swapcase, str.casefold, str.strip, str.capitalize,
            lambda t: f" {t}", lambda t: f"{t} ", lambda t: f"\t{t}\n", lambda t: t.replace(" ", "  "), lambda t: t[1:],
            lambda t: t[:-1], lambda t: t + "s", lambda t: t + t, lambda t: t[::-1], lambda t: f"{t}.",
            lambda t: unicodedata.normalize("NFD", t), lambda t: unicodedata.normalize("NFC", t),
            lambda t: unicodedata.normalize("NFKC", t), lambda t: f"0{t}", lambda t: f"{t}.0", lambda t: f"{t}1",
        )  # fmt: skip
        draw = rng.random()
        if draw < 0.35:
            return changes[rng.integers(len(changes))](text)
        if draw < 0.6 and self.words:
            return " ".join(rng.choice(self.words, rng.integers(1, 7)).tolist())
        return None if draw > 0.95 else STRANGE[rng.integers(len(STRANGE))]


def wire(value: Any) -> Any:
    """Return a cell as JSON has it."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value != value.normalize() else value.strftime("%Y-%m-%d")
    return value.item() if isinstance(value, np.generic) else value
