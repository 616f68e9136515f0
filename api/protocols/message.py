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
        return dict(parse_qsl(self.environ.get("QUERY_STRING", ""), keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form in the body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def flag(self, name: str) -> bool:
        """Return a flag of the query, false where it is left out."""
        if not self.environ.get("QUERY_STRING"):
            return False
        value = self.query.get(name, "no").lower()
        if value not in _FLAGS:
            raise ApiError(400, "malformed", f"{name} must be true or false, not {value[:40]!r}")
        return _FLAGS[value]


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
