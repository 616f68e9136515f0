"""docs/settings.md: every setting of the service, from api/settings.py, and who sets it, from the manifests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from api import settings
from api.setting_values import size
from gitops.errors import GitopsError
from gitops.render.objects import parse
from model.bundle.files import DEFAULT_ROOT

HEAD = """# Settings

<!-- Written by `make generate` from api/settings.py and the manifests. -->

The service reads its settings from environment variables, once, at its start. A wrong value ends the start with exit
code 2 and one line that names every mistake. Whole numbers are written with the digits 0 to 9 alone. Spaces around a
value do not count. An empty value means the default; only an empty `API_KEYS` or `MODEL_KEYS` is a mistake.

| setting | default | takes | what it does, and where the manifests set it |
|---|---|---|---|
"""
MORE = """
The OpenTelemetry SDK also reads its own `OTEL_*` variables: [monitoring.md](monitoring.md).

To change a setting in one environment, name it in the environment's overlay:

```yaml
configMapGenerator:
  - name: score-app
    behavior: merge
    literals:
      - LOG_LEVEL=debug
```
"""
# Every parser that checks its text refuses this one.
_NONSENSE = "\0"
# What the parsers that accept any text take.
_UNCHECKED: dict[Any, str] = {str: "text", Path: "a folder"}
_FILE = "_FILE"


def page(root: Path) -> str:
    """Return the page."""
    setters = dict(_setters(root))
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows(setters)) + MORE


def _rows(setters: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    descriptions, defaults = _descriptions(), settings.Settings()
    for name in settings.NAMES:
        places = f" Set in {', '.join(setters[name])}." if name in setters else ""
        field = name.lower()
        if field in descriptions:
            default = _shown(field, getattr(defaults, field))
            yield f"`{name}`", default, _takes(field), descriptions[field] + places
        elif name.endswith(_FILE) and field.removesuffix("_file") in descriptions:
            yield f"`{name}`", "", "a file", f"A file with values of `{name.removesuffix(_FILE)}`, one a line.{places}"
        else:
            raise GitopsError(f"api/settings.py: {field} has no docstring")


def _descriptions() -> dict[str, str]:
    """Return the docstring under each field; the running service never pays for them."""
    source = ast.parse(inspect.getsource(settings.Settings))
    body = source.body[0].body if isinstance(source.body[0], ast.ClassDef) else []
    found = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(field.target)] = inspect.cleandoc(str(text.value.value)).replace("\n", " ")
    missing = {each.name for each in fields(settings.Settings)} - set(found)
    if missing:
        raise GitopsError(f"api/settings.py: no docstring under {', '.join(sorted(missing))}")
    return found


def _takes(field: str) -> str:
    """Return what a setting takes: what its own error asks for."""
    parse = settings._PARSERS[field]  # noqa: SLF001 - the page documents exactly these
    if parse in _UNCHECKED:
        return _UNCHECKED[parse]
    try:
        parse(_NONSENSE)
    except ValueError as error:
        return str(error).removeprefix("must be ")
    raise GitopsError(f"api/settings.py: {field} takes anything, so its parser needs a name here")


def _shown(field: str, default: Any) -> str:
    if default == DEFAULT_ROOT:
        return "`model/bundles`"
    if isinstance(default, tuple):
        default = ",".join(default)
    if isinstance(default, bool):
        default = int(default)
    if settings._PARSERS[field] is size:  # noqa: SLF001 - shown as it is written
        default = f"{default >> 20}m"
    text = f"{default:g}" if isinstance(default, float) else "" if default is None else str(default)
    return f"`{text}`" if text else ""


def _setters(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each setting with the places in the manifests that set it."""
    found: dict[str, list[str]] = {}
    for top in ("base", "components/*", "overlays/*"):
        for folder in sorted(root.glob(top)):
            texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
            values = dict(pair for text in texts for each in parse(text) for pair in _values(each))
            for name, value in values.items():
                place = f"`{folder.relative_to(root)}`"
                found.setdefault(name, []).append(f"{place} ({f'`{value}`'})" if value else place)
    yield from found.items()


def _values(node: Any) -> Iterator[tuple[str, str]]:
    """Yield the settings in a part of a manifest: data of a ConfigMap, its literals, or the env of a container."""
    if isinstance(node, dict):
        if node.get("name") in settings.NAMES:
            yield node["name"], str(node.get("value", ""))
        for key, value in node.items():
            if key in settings.NAMES and not isinstance(value, dict | list):
                yield key, str(value)
            yield from _values(value)
    elif isinstance(node, list):
        for each in node:
            yield from _values(each)
    elif isinstance(node, str) and "\n" in node:
        # A patch, written as a text.
        for each in parse(node):
            yield from _values(each)
    elif isinstance(node, str) and node.partition("=")[0] in settings.NAMES:
        name, _, value = node.partition("=")
        yield name, value
