"""One module for each way of asking: pure functions from a request to a reply. No Flask, no sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.errors import ApiError
from api.scoring import Want

JSON = "application/json"
PLAIN = Want()


@dataclass(slots=True)
class Request:
    """What a dialect may look at, and leaves as it is."""

    body: bytes
    content_type: str = ""
    """The media type alone, in lower case; empty where the caller sent none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def want(self) -> Want:
        """Return what the query asks for beside the predictions."""
        if not self.query:
            return PLAIN
        return Want(_yes(self.query.get("proba")), _yes(self.query.get("labels")))


@dataclass(slots=True)
class Reply:
    """What goes back to the caller."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def _yes(value: str | None) -> bool:
    return value is not None and value.lower() in ("1", "true", "yes", "on", "")


@contextmanager
def as_bad_request() -> Iterator[None]:
    """Give rows that a model cannot take the status 400, where a protocol knows no 422."""
    try:
        yield
    except ApiError as failure:
        if failure.status != 422:
            raise
        raise ApiError(400, failure.code, failure.message, failure.details) from None
