"""CloudEvents around KServe's first protocol: an event's data is asked, and the answer is an event again."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.errors import ApiError

STRUCTURED = "application/cloudevents+json"
_FIRST = "HTTP_CE_SPECVERSION"
_NEEDED = ("specversion", "id", "source", "type")


def is_event(request: Request) -> bool:
    """Tell whether a request is an event, in one of both forms."""
    return _FIRST in request.environ or STRUCTURED in (request.header("CONTENT_TYPE") or "")


def opened(request: Request) -> Request:
    """Return the request that an event carries."""
    if request.content_type != STRUCTURED:
        _require([name for name in _NEEDED if not request.header(f"HTTP_CE_{name.upper()}")])
        return request
    event = decode(request.body)
    if not isinstance(event, dict):
        raise ApiError(400, "malformed", "Cloud Event request parse error: the event is no object")
    _require([name for name in _NEEDED if not event.get(name)])
    environ = {**request.environ, "CONTENT_TYPE": "application/json"}
    return Request(_data(event), environ)


def _require(missing: list[str]) -> None:
    if missing:
        raise ApiError(400, "malformed", f"Cloud Event request parse error: {', '.join(missing)} is missing")


def _data(event: dict[str, Any]) -> bytes:
    if "data_base64" not in event:
        return encode(event.get("data"))
    try:
        return b64decode(event["data_base64"], validate=True)
    except (TypeError, ValueError):
        raise ApiError(400, "malformed", "Cloud Event request parse error: data_base64 is not base64") from None


def closed(request: Request, reply: Reply, model: str) -> Reply:
    """Return a reply as an event, in the form that the request had."""
    said = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"io.kserve.inference.{model}",
        "type": "io.kserve.inference.response",
        "time": datetime.now(UTC).isoformat(),
    }
    if request.content_type != STRUCTURED:
        headers = tuple((f"ce-{name}", value) for name, value in said.items())
        return Reply(reply.body, reply.status, reply.content_type, (*reply.headers, *headers), reply.rows)
    event = encode({**said, "datacontenttype": "application/json", "data": msgspec.Raw(reply.body)})
    return Reply(event, reply.status, STRUCTURED, reply.headers, reply.rows)
