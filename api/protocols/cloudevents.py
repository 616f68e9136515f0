"""CloudEvents around KServe's first protocol: the data of an event is the request, and the response is an event."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from api.errors import ApiError
from api.protocols.json_codec import decode_json, encode_json, raw_member
from api.protocols.message import JSON, Request, Response

STRUCTURED = "application/cloudevents+json"
_VERSION_HEADER = "HTTP_CE_SPECVERSION"
_REQUIRED = ("specversion", "id", "source", "type")


class Event(msgspec.Struct):
    """How a request's event was written: as JSON, or in headers beside the data."""

    structured: bool


def is_event(request: Request) -> bool:
    """Return whether a request is an event, in either form."""
    return _VERSION_HEADER in request.environ or STRUCTURED in (request.header("CONTENT_TYPE") or "")


def unwrap(request: Request) -> tuple[Event, Request]:
    """Return the form of an event, and the request that it carries."""
    if request.content_type != STRUCTURED:
        _require_attributes([name for name in _REQUIRED if not request.header(f"HTTP_CE_{name.upper()}")])
        return Event(structured=False), request
    event = decode_json(request.body)
    if not isinstance(event, dict):
        raise ApiError(400, "malformed", "Cloud Event request parse error: the event is no object")
    _require_attributes([name for name in _REQUIRED if not event.get(name)])
    return Event(structured=True), Request(_data(event, request.body), {**request.environ, "CONTENT_TYPE": JSON})


def _require_attributes(missing: list[str]) -> None:
    if missing:
        raise ApiError(400, "malformed", f"Cloud Event request parse error: {', '.join(missing)} is missing")


def _data(event: dict[str, Any], body: bytes) -> bytes:
    if "data_base64" not in event:
        # Encoded again, a large number might be another one.
        return raw_member(body, "data") if "data" in event else b""
    if "data" in event:
        raise ApiError(400, "malformed", "Cloud Event request parse error: it has data and data_base64")
    try:
        return b64decode(event["data_base64"], validate=True)
    except (TypeError, ValueError):
        raise ApiError(400, "malformed", "Cloud Event request parse error: data_base64 is not base64") from None


def wrap(event: Event, response: Response, model: str) -> Response:
    """Return a response as an event, in the form of the request's event."""
    attributes = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"io.kserve.inference.{model}",
        "type": "io.kserve.inference.response",
        "time": datetime.now(UTC).isoformat(),
    }
    if not event.structured:
        headers = tuple((f"ce-{name}", value) for name, value in attributes.items())
        return Response(response.body, response.status, response.content_type, headers, response.rows)
    body = encode_json({**attributes, "datacontenttype": JSON, "data": msgspec.Raw(response.body)})
    return Response(body, response.status, STRUCTURED, (), response.rows)
