"""Steps of arithmetic on each column: scalers, and what they leave."""

from __future__ import annotations

from typing import Any

from model.packing.compact.columns import Column, Document, Operation, Text, Underivable, spans

Columns = list[Column]


def after(column: Column, *operations: Operation) -> Column:
    """Return a column after some operations."""
    if isinstance(column, Text):
        raise Underivable("arithmetic on strings")
    for operation in operations:
        column = column.after(operation)
    return column


def standard(step: Any, columns: Columns) -> Columns:
    """Return columns less their means, divided by their scale."""
    means = step.mean_ if step.with_mean else None
    return elementwise(columns, ("subtract", means), ("divide", step.scale_))


def robust(step: Any, columns: Columns) -> Columns:
    """Return columns less their centers, divided by their scale."""
    centers = step.center_ if step.with_centering else None
    return elementwise(columns, ("subtract", centers), ("divide", step.scale_ if step.with_scaling else None))


def min_max(step: Any, columns: Columns) -> Columns:
    """Return columns brought into a range, and clipped to it where that was asked for."""
    found = elementwise(columns, ("multiply", step.scale_), ("add", step.min_))
    bounds = Operation("clip", *map(float, step.feature_range)) if step.clip else None
    return [after(column, bounds) for column in found] if bounds else found


def max_abs(step: Any, columns: Columns) -> Columns:
    """Return columns divided by their largest value."""
    if getattr(step, "clip", False):
        raise Underivable("MaxAbsScaler that clips")
    return elementwise(columns, ("divide", step.scale_))


def elementwise(columns: Columns, *changes: Any) -> Columns:
    """Return columns after operations with one number a column; those without numbers are left out."""
    given = [(kind, values) for kind, values in changes if values is not None]
    return [_scaled(column, [(kind, values[places]) for kind, values in given]) for column, places in spans(columns)]


def _scaled(column: Column, changes: list[tuple[Any, Any]]) -> Column:
    if isinstance(column, Document):
        for kind, values in changes:
            column = column.scaled(kind, values)
        return column
    return after(column, *(Operation(kind, float(values[0])) for kind, values in changes))
