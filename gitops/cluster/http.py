"""JSON over HTTP."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from typing import Any

MAX_BYTES = 10_000_000
"""More than any answer that is asked for."""


def fetch_json(url: str, body: Any = None, timeout: float = 10, *, key: str = "") -> Any:
    """Return the JSON that a URL answers with, over a new connection, so that each call may reach another pod."""
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Connection": "close"} | ({"X-API-Key": key} if key else {})
    request = urllib.request.Request(url, content, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
            return json.loads(response.read(MAX_BYTES))
    except HTTPException as error:
        raise OSError(f"no valid HTTP: {type(error).__name__}") from None
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
