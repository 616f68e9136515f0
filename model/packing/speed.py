"""What each proven form of a model costs, measured where the model is packed, and which of them are worth shipping.

The least of several short turns, the forms one after the other: other work on the machine moves them alike.
The clock is the one on the wall: that of the CPU goes on by milliseconds at once on some virtual machines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from model.bundle.manifest import Speed
from model.packing.compile import Compiled
from model.proof.compare import ReferenceRows
from model.proof.forms import by_row, opened_copy
from model.runtime.beside import MANY
from model.runtime.compact.answer import Row
from model.runtime.estimator import Answer, Estimator, height, take
from model.schema.readers import reader
from model.schema.rows import Table

CLEARLY = 1.1
"""A form is slower than another from this factor on; nearer, the choice would be one of chance."""
Form = tuple[Callable[[object], Table], Callable[[Table], Answer]]
"""What reads rows, and what answers them."""
_TURNS, _LEAST_TURNS, _TRIED = 40, 3, 3
_TURN, _MOST = 0.001, 0.25
"""Seconds: one turn of a quick call, and all turns together of slow ones."""


def least_times(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the microseconds that each call takes at least."""
    counts = {name: _count(call) for name, call in calls.items()}
    least = dict.fromkeys(calls, np.inf)
    spent = turns = 0.0
    with threadpool_limits(1):
        while turns < _TURNS and (spent < _MOST or turns < _LEAST_TURNS):
            for name, call in calls.items():
                taken = _turn(call, counts[name])
                least[name] = min(least[name], taken / counts[name])
                spent += taken
            turns += 1
    return {name: float(f"{1e6 * seconds:.3g}") for name, seconds in least.items()}


def _count(call: Callable[[], object]) -> int:
    """Return how often a call fits into one turn; the first one may still set up what later ones use."""
    call()
    taken = min(_turn(call, 1) for _ in range(_TRIED))
    return max(1, int(_TURN / max(taken, 1e-7)))


def _turn(call: Callable[[], object], count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        call()
    return perf_counter() - start


def measure_full(proof: ReferenceRows, served: Estimator, copied: Compiled | None) -> dict[str, Speed]:
    """Return what each form takes that answers any rows; of own code nothing, which is asked no more than needed."""
    if served.form.alone:
        return {}
    rows = _good_rows(proof)
    forms = {"sklearn": _form(proof, served)}
    if copied is not None:
        forms["onnx"] = _form(proof, copied)
    one = least_times({name: partial(_answer_row, *form, rows[0]) for name, form in forms.items()})
    several = least_times({name: partial(ask, read(rows)) for name, (read, ask) in forms.items()})
    return {name: Speed(one[name], several[name]) for name in forms}


def _form(proof: ReferenceRows, full: Estimator | Compiled) -> Form:
    ask = opened_copy(full.content, full.form) if isinstance(full, Compiled) else full.predict
    return reader(proof.model.signature, full.form), ask


def _answer_row(read: Callable[[object], Table], ask: Callable[[Table], Answer], row: list[Any]) -> object:
    """Answer one row as a request brings it, which a compact form needs no table for."""
    return ask(read(row)).tolist()


def measure_compact(proof: ReferenceRows, answer: Row, full: Estimator | Compiled) -> tuple[Speed, Speed]:
    """Return what the compact form takes for a row that it answers, and what a full form takes in the same turns."""
    row = next(row for row in _good_rows(proof) if answer(row) is not None)
    times = least_times({"compact": partial(answer, row), "full": partial(_answer_row, *_form(proof, full), row)})
    return Speed(times["compact"]), Speed(times["full"])


def measure_whole(proof: ReferenceRows, answer: Row) -> dict[str, Speed]:
    """Return what a compact form takes that answers all rows, and what the estimator itself does."""
    rows = _good_rows(proof)
    one = least_times({"compact": partial(answer, rows[0])})["compact"]
    many = least_times({"compact": lambda: list(map(answer, rows))})["compact"]
    return {**measure_full(proof, proof.model, None), "compact": Speed(one, many)}


def _good_rows(proof: ReferenceRows) -> list[list[Any]]:
    """Return as many rows of training as are measured, none of which the estimator refuses."""
    good = np.flatnonzero(~proof.expected.refused[: height(proof.training)])
    return by_row(take(proof.training, np.resize(good, MANY)), proof.model.signature)


def is_slower_row(one: Speed, other: Speed) -> bool:
    """Tell whether a form is slower than another one for one row."""
    return one.row > CLEARLY * other.row


def is_slower_rows(one: Speed, other: Speed) -> bool:
    """Tell whether a full form is slower than another one for many rows."""
    return (one.rows or 0) > CLEARLY * (other.rows or 0)
