"""Requests and responses as protocols see them: no Flask, no sockets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from api.errors import ApiError

JSON = "application/json"
CSV = "text/csv"
FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 10_000
_FLAGS = {"1": True, "true": True, "yes": True, "on": True} | dict.fromkeys(("0", "false", "no", "off"), False)
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class Request(msgspec.Struct):
    """The body of a request, and access to its headers and query."""

    body: bytes = b""
    environ: Mapping[str, Any] = _EMPTY
    """WSGI's."""

    @property
    def content_type(self) -> str:
        """Return the media type alone, in lower case; empty where the caller sent none."""
        value: str = self.environ.get("CONTENT_TYPE") or ""
        return value.partition(";")[0].strip().lower()

    def header(self, key: str) -> str | None:
        """Return a header under WSGI's spelling of its name, HTTP_ACCEPT for Accept."""
        return self.environ.get(key)

    def accepts(self, media_type: str) -> bool:
        """Return whether the Accept header names this media type."""
        return media_type in (self.environ.get("HTTP_ACCEPT") or "")

    @property
    def query(self) -> dict[str, str]:
        """Return the query's fields."""
        text: str = self.environ.get("QUERY_STRING", "")
        if not text.isascii():
            # Servers differ in how they decode what should not be there.
            raise ApiError(400, "malformed", "the query must be percent-encoded")
        return _fields(text, "query")

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form in the body."""
        try:
            return _fields(self.body.decode(), "form")
        except UnicodeDecodeError:
            raise ApiError(400, "malformed", "the form is not in UTF-8") from None

    def flag(self, name: str) -> bool:
        """Return a flag of the query, false where it is left out."""
        if not self.environ.get("QUERY_STRING"):
            return False
        value = self.query.get(name, "no").lower()
        if value not in _FLAGS:
            raise ApiError(400, "malformed", f"{name} must be true or false, not {value[:40]!r}")
        return _FLAGS[value]


def _fields(text: str, where: str) -> dict[str, str]:
    """Return the fields of a query or a form; of a field that stands there twice, nobody knows which value is meant."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise ApiError(400, "malformed", f"the {where} is not in UTF-8") from None
    except ValueError:
        raise ApiError(400, "malformed", f"the {where} has more than {MAX_FIELDS} fields") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise ApiError(400, "malformed", f"{name[:80]} stands in the {where} twice")
        found[name] = value
    return found


class Response(msgspec.Struct, gc=False):
    """What is sent to the caller."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: Sequence[tuple[str, str]] = ()
    rows: int = 0
    """How many rows were predicted, for the log."""
    pieces: Iterable[bytes] | None = None
    """The body of a large response, which is sent in pieces."""
