"""What every estimator of scikit-learn takes by its own predict and as it is served: docs/model-speed.md.

Run: python -m benchmarks.estimators [NAME ...]; without names it writes the page.
"""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np

from model.bundle.files import read
from model.bundle.manifest import Speed
from model.packing import prove
from model.packing.pack import Material, pack
from model.packing.speed import least_times
from model.runtime.base import Model
from model.runtime.beside import MANY
from model.runtime.estimator import forget_names, keep_to_one_thread
from model.runtime.load import load
from model.user_error import UserError
from tools.estimators import contestants, rows_of

TRAINED, WIDTH = 3000, 12
SLOWER = 1.1
PAGE = Path(__file__).parents[1] / "docs" / "model-speed.md"
HEAD = (
    f"estimators of scikit-learn, fitted on {TRAINED:,} rows of {WIDTH} numbers. Microseconds, one thread, "
    f"the least of several turns, for *one row / {MANY:,} rows* that have been read already. *Own* is the "
    "estimator's own `predict` of an array. *Served* is the bundle as the service asks it; the last columns are its "
    "ratio to *own*, for one row and for many. The forms were measured when the model was packed, one row "
    "with reading it; "
    "[bundles.md](bundles.md#the-fastest-form) says what is shipped."
)
FORMS = ("compact", "onnx", "sklearn")


class Line(NamedTuple):
    """One estimator, in microseconds."""

    name: str
    own: Speed
    served: Speed
    forms: dict[Any, Speed]
    by: str
    """What serves one row, and 1,000."""

    @property
    def ratios(self) -> tuple[float, float]:
        """Return how many times its own predict the served model takes, for one row and for many."""
        return self.served.row / self.own.row, (self.served.rows or 0) / (self.own.rows or 1)


def measure(name: str, estimator: Any, rows: Any, target: Any, folder: Path) -> Line:
    """Fit, pack and load an estimator, and measure it beside itself, which gets an array."""
    estimator.fit(rows, target)
    slug = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    manifest = pack(Material(name=slug, title=name, estimator=estimator, rows=rows), folder)
    model, own = load(read(folder, slug)), deepcopy(estimator)
    keep_to_one_thread(own)
    forget_names(own)
    numbers = rows.to_numpy(dtype=np.float64)[:MANY]
    one = least_times({"own": partial(own.predict, numbers[:1]), "served": _one(model, numbers)})
    many = least_times({"own": partial(own.predict, numbers), "served": partial(model.predict, model.reader(numbers))})
    by = "compact" if manifest.compact else manifest.runtime
    both = "onnx and sklearn" if manifest.beside else manifest.runtime
    own_speed, served = (Speed(one[side], many[side]) for side in ("own", "served"))
    return Line(name, own_speed, served, manifest.speed, f"{by}, {both}")


def _one(model: Model, numbers: Any) -> Callable[[], object]:
    """Return what answers one row that has been read: the compact form if it does."""
    row = numbers[0].tolist()
    return (
        partial(model.predict, model.reader(row)) if model.answer_row(row) is None else partial(model.answer_row, row)
    )


def lines(names: list[str]) -> Iterator[Line]:
    """Measure these estimators, or all; print each as soon as it is known."""
    rows, targets = rows_of(TRAINED, WIDTH)
    with TemporaryDirectory() as folder:
        for name, (estimator, taken, target) in contestants(rows, targets).items():
            if names and name not in names:
                continue
            try:
                line = measure(name, estimator, taken, target, Path(folder))
            except (UserError, ValueError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                continue
            print(_row(line), flush=True)
            yield line


def _row(line: Line) -> str:
    """Return one line of the table."""
    forms = [f"{_short(line.forms.get(form))}" for form in FORMS]
    ratios = [f"{ratio:.2f}" for ratio in line.ratios]
    cells = [line.name, _short(line.own), *forms, line.by, _short(line.served), *ratios]
    return f"| {' | '.join(cells)} |"


def _short(speed: Speed | None) -> str:
    if speed is None:
        return ""
    return f"{speed.row:.3g}" if speed.rows is None else f"{speed.row:,.3g} / {speed.rows:,.5g}"


def page(found: list[Line]) -> str:
    """Return the page."""
    day, python, cores = datetime.now(UTC).date(), platform.python_version(), os.cpu_count()
    slower = [line.name for line in sorted(found) if max(line.ratios) > SLOWER]
    head = f"`python -m benchmarks.estimators`, {day}, {cores} cores, Python {python}: {len(found)} {HEAD}"
    summary = (
        f"**{len(found) - len(slower)} of {len(found)} take at most {SLOWER} times their own time, one row and many.**"
    )
    lines = [
        "# How fast estimators are served", "", *wrap(head, 120), "", summary,
        *wrap(f"Slower: {', '.join(slower) or 'none'}.", 120), "",
        "| estimator | own | compact | ONNX | scikit-learn | serves one, many | served | ratio, one | many |",
        "|---|---:|---:|---:|---:|---|---:|---:|---:|",
        *map(_row, sorted(found)),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, and write the page if all were measured."""
    warnings.simplefilter("ignore")
    # The proofs are another test's business; of nearest neighbours each row more takes milliseconds.
    prove.MOST_ROWS = prove.LEAST_ROWS
    names = sys.argv[1:]
    found = list(lines(names))
    if not names:
        PAGE.write_text(page(found), encoding="utf-8")
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
