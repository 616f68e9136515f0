"""One module for each way of asking: pure functions from a request to a reply. No Flask, no sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from api.errors import ApiError
from api.scoring import Want

JSON = "application/json"
PLAIN = Want()
_FLAGS = {"1": True, "true": True, "yes": True, "on": True} | dict.fromkeys(("0", "false", "no", "off"), False)
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Request(msgspec.Struct):
    """What a dialect may look at, and leaves as it is."""

    body: bytes
    environ: Mapping[str, Any] = NOTHING
    """WSGI's, for what the methods below read of it."""

    @property
    def content_type(self) -> str:
        """Return the media type alone, in lower case; empty where the caller sent none."""
        kind: str = self.environ.get("CONTENT_TYPE") or ""
        return kind.partition(";")[0].strip().lower()

    def header(self, key: str) -> str | None:
        """Return a header under WSGI's spelling of its name, HTTP_ACCEPT for Accept."""
        return self.environ.get(key)

    @property
    def query(self) -> dict[str, str]:
        """Return the query's fields."""
        return dict(parse_qsl(self.environ.get("QUERY_STRING", ""), keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form that was sent."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def want(self) -> Want:
        """Return what the query asks for beside the predictions."""
        if not self.environ.get("QUERY_STRING"):
            return PLAIN
        query = self.query
        return Want(_yes(query, "proba"), _yes(query, "labels"))


class Reply(msgspec.Struct):
    """What goes back to the caller."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: Sequence[tuple[str, str]] = ()
    rows: int = 0
    """How many rows a model was asked, for the log."""


def _yes(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "no").lower()
    if value not in _FLAGS:
        raise ApiError(400, "malformed", f"{name} must be true or false, not {value[:40]!r}")
    return _FLAGS[value]


@contextmanager
def as_bad_request() -> Iterator[None]:
    """Give rows that a model cannot take the status 400, where a protocol knows no 422."""
    try:
        yield
    except ApiError as failure:
        if failure.status != 422:
            raise
        raise ApiError(400, failure.code, failure.message, failure.details) from None
