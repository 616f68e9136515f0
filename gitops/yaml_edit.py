"""Change one value or one entry of a YAML file and no other byte: comments, quotes and order stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from gitops.errors import GitopsError
from gitops.text_files import line_end

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


def entry(text: str, path: Path) -> str:
    """Return the lines of an entry of a list, with their indent and without the comments above them."""
    first, end = _entry_lines(text, path)
    return "".join(text.splitlines(keepends=True)[first:end])


def insert_after(text: str, path: Path, lines: str) -> str:
    """Return the text with these lines after an entry of a list."""
    _, end = _entry_lines(text, path)
    return _inserted(text, end, lines)


def remove_entry(text: str, path: Path) -> str:
    """Return the text without an entry of a list and the comments above it; the last one takes its key with it."""
    *parent, _ = path
    if len(_find(text, parent).value) == 1:
        return remove_key(text, parent)
    found, (first, end) = text.splitlines(keepends=True), _entry_lines(text, path)
    return "".join(found[: _above(found, first)] + found[end:])


def add_text(text: str, key: str, value: str, order: Sequence[str]) -> str:
    """Return the text with one more entry in the sorted list under a key; `order` places the key if it is new."""
    node = _find(text, ())
    listed = next((v for k, v in node.value if k.value == key), None)
    if listed is None:
        return _with_new_key(text, node, key, f"{key}:\n  - {value}\n", order)
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style:
        raise GitopsError(f"{key} is not a list with one entry a line")
    values = [str(each.value) for each in listed.value]
    line = f"{' ' * listed.start_mark.column}- {value}\n"
    if before := [index for index, each in enumerate(values) if each < value]:
        return insert_after(text, (key, before[-1]), line)
    first, _ = _entry_lines(text, (key, 0))
    return _inserted(text, first, line)


def remove_key(text: str, path: Path) -> str:
    """Return the text without a key of a mapping and everything under it."""
    *parent, name = path
    key, value = next((k, v) for k, v in _find(text, parent).value if k.value == name)
    found = text.splitlines(keepends=True)
    first = _above(found, key.start_mark.line)
    return "".join(found[:first] + found[_last_line(value) + 1 :])


def _with_new_key(text: str, node: yaml.Node, key: str, lines: str, order: Sequence[str]) -> str:
    later = order[order.index(key) + 1 :]
    places = [k.start_mark.line for k, _ in node.value if k.value in later]
    count = len(text.splitlines())
    return _inserted(text, min(places, default=count), lines)


def _entry_lines(text: str, path: Path) -> tuple[int, int]:
    """Return the first line of an entry of a list, and the line after its last one."""
    found, node = text.splitlines(), _find(text, path)
    first = node.start_mark.line
    while not found[first].lstrip().startswith("-"):
        first -= 1
    return first, _last_line(node) + 1


def _above(lines: Sequence[str], first: int) -> int:
    """Return the first line of the comments above a line."""
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _last_line(node: Any) -> int:
    """Return the last line of a node; that of a list or mapping in block style ends where the next token begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)


def _inserted(text: str, line: int, lines: str) -> str:
    end, found = line_end(text), text.splitlines(keepends=True)
    if found and not found[-1].endswith("\n"):
        found[-1] += end
    return "".join([*found[:line], lines.replace("\r\n", "\n").replace("\n", end), *found[line:]])


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
