"""Import a user's own estimator: open it, learn about it from rows of data, pack it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model.bundle.files import free
from model.bundle.manifest import Manifest
from model.packing.describe import Hints
from model.packing.importing import open_estimator
from model.packing.pack import Judged, Material, pack
from model.packing.table import PackError, read_table, require_estimator, select


def add(
    file: Path, data: Path, target: str | None, name: str, folder: Path, say: Callable[[str], None], *, replace: bool
) -> Manifest:
    """Pack the estimator of a file, or raise a PackError or BundleError and write nothing."""
    free(folder, name, replace=replace)
    table = read_table(data)
    if target is not None and target not in table.columns:
        raise PackError(f"{data} has no column {target!r} (it has {', '.join(map(str, table.columns[:12]))})")
    say(f"opening {file}")
    estimator, warning = open_estimator(file)
    require_estimator(estimator)
    rows = select(estimator, table, target)
    judged = None
    if target is not None:
        judged = Judged(rows, table[target], f"the rows of {data.name}; whether training saw them is not known here")
    material = Material(
        name=name,
        title=name.replace("-", " ").capitalize(),
        estimator=estimator,
        rows=rows,
        judged=judged,
        hints=Hints(target=target or "prediction"),
        notes=(warning,) if warning else (),
    )
    return pack(material, folder, replace=replace, say=say)
