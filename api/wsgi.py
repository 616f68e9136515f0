"""Between WSGI and our own requests and replies."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from api.dialects import Reply, Request
from api.errors import ApiError

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_NO_QUERY: Mapping[str, str] = {}
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


@cache
def _key(name: str) -> str:
    """Return WSGI's spelling of a header that the program asks for."""
    return f"HTTP_{name.upper().replace('-', '_')}"


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, looked up only when somebody asks."""

    __slots__ = ("_environ",)

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        """Return one header."""
        value: str = self._environ[_key(name)]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return one header or the default, without the exception that the inherited way costs."""
        return self._environ.get(_key(name), default)

    def __iter__(self) -> Iterator[str]:
        """Give the names of all headers."""
        return (key[5:].lower().replace("_", "-") for key in self._environ if key.startswith("HTTP_"))

    def __len__(self) -> int:
        """Count the headers."""
        return sum(1 for _ in self)


def to_request(environ: dict[str, Any], body: bytes) -> Request:
    """Return a request as dialects see it."""
    query = environ.get("QUERY_STRING")
    kind = environ.get("CONTENT_TYPE") or ""
    return Request(
        body,
        kind if kind == "application/json" else kind.partition(";")[0].strip().lower(),
        Headers(environ),
        dict(parse_qsl(query, keep_blank_values=True)) if query else _NO_QUERY,
    )


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a compressed body as it was, but never more than the limit of it."""
    window = _WINDOW.get(encoding.strip().lower())
    if window is None:
        raise ApiError(415, "encoding", f"Content-Encoding {encoding[:40]!r} is not taken; gzip and deflate are")
    stream = zlib.decompressobj(window)
    try:
        content = stream.decompress(body, limit + 1)
    except zlib.error:
        raise ApiError(400, "malformed", f"the body is not {encoding.strip().lower()}") from None
    if len(content) > limit:
        raise too_large(limit)
    if not stream.eof:
        raise ApiError(400, "malformed", "the compressed body ends too early")
    return content


def too_large(limit: int) -> ApiError:
    """Say what the limit is."""
    return ApiError(413, "too_large", f"the body is larger than the {limit} bytes taken at once")


def header_list(reply: Reply) -> list[tuple[str, str]]:
    """Return a reply's headers as WSGI wants them."""
    return [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body))), *reply.headers]
