"""A user's own modules out of a bundle: imported from memory, as they were packed.

Nothing is read from a file when a module is imported, so what runs is what the manifest's digest stands for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from io import BytesIO
from pathlib import Path
from types import ModuleType
from zipfile import BadZipFile, ZipFile

from model.bundle.files import BundleError

LARGEST = 16 << 20
"""How many bytes of source a bundle may hold."""


def make_importable(name: str, archive: bytes) -> None:
    """Make the modules of an archive importable, or raise a BundleError."""
    sources = _read(name, archive)
    missing = {path: source for path, source in sources.items() if not _is_here(name, path, source)}
    if missing:
        sys.meta_path.insert(0, _Modules(missing))


def top_level(path: str) -> str:
    """Return the name by which a file's module, or the package that it is in, is imported."""
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


def _read(name: str, archive: bytes) -> dict[str, bytes]:
    try:
        with ZipFile(BytesIO(archive)) as opened:
            members = opened.infolist()
            if sum(each.file_size for each in members) > LARGEST:
                raise BundleError(f"{name}: its own code has more than {LARGEST >> 20} MiB")
            return {each.filename: opened.read(each) for each in members}
    except (BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise BundleError(f"{name}: its own code cannot be read: {error}") from None


def _is_here(name: str, path: str, source: bytes) -> bool:
    """Tell whether this very module is importable already; another one of its name is refused."""
    for finder in sys.meta_path:
        if isinstance(finder, _Modules) and path in finder.sources:
            if finder.sources[path] == source:
                return True
            raise _conflict(name, path)
    loaded = sys.modules.get(_module_name(path))
    if loaded is None:
        return False
    place = getattr(loaded, "__file__", None)
    if place is None or not Path(place).is_file() or Path(place).read_bytes() != source:
        raise _conflict(name, path)
    return True


def _conflict(name: str, path: str) -> BundleError:
    return BundleError(
        f"{name}: another module {_module_name(path)!r} is loaded already: two models whose modules have one name and "
        "different content cannot be in one process; rename one of them"
    )


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Modules(MetaPathFinder, InspectLoader):
    """Finds and loads modules whose source is in memory."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        self.sources = sources
        self._paths = {_module_name(path): path for path in sources}
        # A folder without an __init__.py is a package too.
        self._folders = {_module_name(str(folder)) for path in sources for folder in Path(path).parents} - {"."}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import a module that is here."""
        del path, target
        if fullname not in self._paths and fullname not in self._folders:
            return None
        return spec_from_loader(fullname, self, origin=self._paths.get(fullname), is_package=fullname in self._folders)

    def is_package(self, fullname: str) -> bool:
        """Tell whether a module is a folder."""
        return fullname in self._folders

    def get_source(self, fullname: str) -> str:
        """Return the text of a module, which tracebacks show too."""
        return self.sources.get(self._paths.get(fullname, ""), b"").decode()
