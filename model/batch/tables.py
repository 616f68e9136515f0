"""Score Arrow tables one by one, as Ray Data, Dask and other engines hand them out."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from model.batch.scorer import Scorer, Wanted
from model.bundle.files import root
from model.check import load_verified, trusted_keys
from model.schema.signature import Problem

PROBLEM = "problem"


class TableScorer:
    """Add answers to tables. A row that the model cannot take has none, and the reason in the column `problem`.

    Only its arguments travel to other processes; each of them loads and verifies the bundle for its first table.
    """

    def __init__(self, name: str, bundles: str | Path | None = None, **wanted: bool) -> None:
        keys = os.environ.get("MODEL_KEYS")
        self._arguments = name, Path(bundles or root()).absolute(), Wanted(**wanted), keys

    def __getstate__(self) -> dict[str, Any]:
        return {"_arguments": self._arguments}

    @cached_property
    def _loaded(self) -> Scorer:
        name, bundles, wanted, keys = self._arguments
        keys = os.environ.get("MODEL_KEYS", keys)
        return Scorer(load_verified(bundles, name, keys=trusted_keys(keys)), wanted)

    @property
    def fields(self) -> list[pa.Field]:
        """Return the columns that are added."""
        return [*self._loaded.fields, pa.field(PROBLEM, pa.string())]

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return a table with its answers."""
        scored = self._loaded.score(self._loaded.columns(table.schema, "the table"), table)
        places = np.arange(table.num_rows) if scored.good is None else np.full(table.num_rows, -1)
        if scored.good is not None:
            places[scored.good] = np.arange(len(scored.good))
        taken = pa.array(places, mask=places < 0)
        answers = [column.take(taken) for column in scored.columns]
        return _with(table, self.fields, [*answers, _reasons(scored.problems, table.num_rows)])


def _with(table: pa.Table, fields: list[pa.Field], columns: list[pa.Array]) -> pa.Table:
    schema = pa.schema([*table.schema, *fields], table.schema.metadata)
    return pa.Table.from_arrays([*table.columns, *columns], schema=schema)


def _reasons(problems: list[Problem], height: int) -> pa.Array:
    """Return what is wrong with each row, null for a good one."""
    found: dict[int, list[str]] = {}
    for fault in problems:
        found.setdefault(fault.row or 0, []).append(str(msgspec.structs.replace(fault, row=None)))
    return pa.array(["; ".join(found[row]) if row in found else None for row in range(height)], pa.string())
