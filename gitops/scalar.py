"""Change one value of a YAML file and not a byte besides: comments, quotes and order stay as they are."""

from __future__ import annotations

from typing import Any

import yaml

from gitops.errors import GitopsError

Path = tuple[str | int, ...]


def replaced(text: str, path: Path, value: str) -> str:
    """Return the text with the scalar at this path replaced, proven by reading both again."""
    node = _at(text, path)
    start, end = node.start_mark.index, node.end_mark.index
    quote = node.style if node.style in ("'", '"') else ""
    changed = f"{text[:start]}{quote}{value}{quote}{text[end:]}"
    before, after = yaml.safe_load(text), yaml.safe_load(changed)
    _set(before, path, value)
    if before != after:
        raise GitopsError(
            f"{'.'.join(map(str, path))}: {value!r} cannot stand there as it is; quote the old value first"
        )
    return changed


def _at(text: str, path: Path) -> yaml.ScalarNode:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step : step + 1]
        else:
            found = []
        if not found:
            raise GitopsError(f"{'.'.join(map(str, path))}: there is no such value")
        node = found[-1]
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise GitopsError(f"{'.'.join(map(str, path))}: is no plain value")
    return node


def _set(found: Any, path: Path, value: str) -> None:
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = value
