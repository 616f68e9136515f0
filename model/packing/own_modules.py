"""Pack a user's own modules: one Python file, or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from model.packing.data import PackError
from model.runtime.own_modules import LARGEST, top_level

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def archive_of(paths: Sequence[Path]) -> bytes:
    """Return the source of these files and folders as an archive: the same input makes the same bytes."""
    found = sorted((name, content) for path in paths for name, content in _sources(path))
    if sum(len(content) for _, content in found) > LARGEST:
        raise PackError(f"--code has more than {LARGEST >> 20} MiB of Python: give the model's own modules only")
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in found:
            archive.writestr(ZipInfo(name, _LONG_AGO), content, ZIP_DEFLATED)
    return buffer.getvalue()


def _sources(path: Path) -> Iterator[tuple[str, bytes]]:
    path = path.resolve()
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(path.parent).parts)]
    if not files or any(file.suffix != ".py" for file in files):
        raise PackError(f"--code {path.name}: give a Python file, or a folder with Python files")
    name = top_level(path.name)
    if not name.isidentifier():
        raise PackError(f"--code {path.name}: {name!r} is no name of a module")
    _require_own_name(path, name)
    yield from ((file.relative_to(path.parent).as_posix(), _content(path, file)) for file in files)


def _require_own_name(path: Path, name: str) -> None:
    """Refuse a module that would stand in for an installed one."""
    try:
        known = find_spec(name)
    except ValueError:
        return
    places = [] if known is None else [known.origin, *(known.submodule_search_locations or ())]
    here = [Path(place).resolve() for place in places if place and Path(place).exists()]
    if known is not None and known.has_location and not any(_is_ours(place, path) for place in here):
        raise PackError(f"--code {path.name}: there is another module {name!r} here; rename yours")


def _is_ours(place: Path, path: Path) -> bool:
    """Tell whether an importable module is this one, or has the same content."""
    same = place.is_file() and path.is_file() and place.read_bytes() == path.read_bytes()
    return same or place == path or path in place.parents


def _content(path: Path, file: Path) -> bytes:
    content = file.read_bytes()
    try:
        compile(content, str(file), "exec")
    except (SyntaxError, ValueError) as error:
        raise PackError(f"--code {path.name}: {file.name} is not Python: {error}") from None
    return content
