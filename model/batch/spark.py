"""Score Spark's data frames: the same answers as everywhere, through mapInArrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from model.batch.tables import TableScorer


def score(frame: Any, name: str, bundles: str | Path | None = None, **wanted: bool) -> Any:
    """Return a Spark data frame with the answers of a model; `proba`, `labels` and `explain` add columns."""
    from pyspark.sql.pandas.types import from_arrow_type  # noqa: PLC0415 - whoever has a data frame has Spark
    from pyspark.sql.types import StructField, StructType  # noqa: PLC0415

    scorer = TableScorer(name, bundles, **wanted)
    added = [StructField(field.name, from_arrow_type(field.type)) for field in scorer.fields]
    return frame.mapInArrow(for_map_in_arrow(scorer), StructType([*frame.schema.fields, *added]))


def for_map_in_arrow(scorer: TableScorer) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that mapInArrow calls with the batches of a partition."""

    def score_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from scorer(pa.Table.from_batches([batch])).to_batches()

    return score_batches
