"""Replace one value of a YAML file and no other byte: comments, quotes and order stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from gitops.errors import GitopsError

Path = Sequence[str | int]


def replace_value(text: str, path: Path, value: str) -> str:
    """Return the text with the string at this path replaced, checked by parsing both texts."""
    node = _find(text, path)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise GitopsError(f"{_shown(path)} is not a plain value")
    quote = node.style if node.style in ("'", '"') else ""
    changed = _spliced(text, node, f"{quote}{value}{quote}")
    before, after = yaml.safe_load(text), yaml.safe_load(changed)
    _set(before, path, value)
    if before != after:
        raise GitopsError(f"{_shown(path)}: {value!r} needs quotes: quote the old value first")
    return changed


def replace_list(text: str, path: Path, values: list[str]) -> str:
    """Return the text with the list in brackets at this path replaced."""
    node = _find(text, path)
    if not isinstance(node, yaml.SequenceNode) or not node.flow_style:
        raise GitopsError(f"{_shown(path)} is not a list in brackets")
    return _spliced(text, node, yaml.safe_dump(values, default_flow_style=True, width=10_000).strip())


def _spliced(text: str, node: yaml.Node, value: str) -> str:
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _find(text: str, path: Path) -> yaml.Node:
    try:
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise GitopsError(f"is not YAML: {' '.join(str(error).split())}") from None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step : step + 1]
        else:
            found = []
        if not found:
            raise GitopsError(f"{_shown(path)}: there is no such value")
        node = found[-1]
    result: yaml.Node = node
    return result


def _set(found: Any, path: Path, value: str) -> None:
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = value


def _shown(path: Path) -> str:
    return ".".join(map(str, path))
