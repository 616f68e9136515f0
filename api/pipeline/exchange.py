"""One request on its path through the service, with everything that the stages find out about it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from api.pipeline.route import Route
from api.protocols.message import Request, Response
from model.runtime.base import Model

if TYPE_CHECKING:
    from api.telemetry.tracing import RequestTrace

NO_NAMES: Mapping[str, str] = MappingProxyType({})


class Exchange(Request, kw_only=True):
    """A request, and what becomes of it.

    The transport sets environ, route, names, and the model if it knows it.
    """

    route: Route
    names: Mapping[str, str] = NO_NAMES
    """The value of each <name> of the path."""
    model: Model | None = None

    id: str = ""
    number: int = 0
    """Counted from the start of the process."""
    started: float = 0.0
    cpu_started: float = 0.0
    """The CPU time of the thread when the body was there, if this request is measured."""
    memory: int = 0
    """How many bytes were taken from the memory budget."""
    is_large: bool = False
    """It has one of the places for large requests."""
    question: Any = None
    answers: Any = None
    response: Response | None = None
    error_code: str = ""
    """The code of the error that the response reports; not the error, whose traceback refers to this exchange."""
    trace: RequestTrace | None = None

    def api_key(self) -> str:
        """Return the key of a request: a bearer token, the header X-API-Key, or, for a page, the browser's password."""
        key: str = self.environ.get("HTTP_X_API_KEY", "")
        if "HTTP_AUTHORIZATION" in self.environ:
            scheme, _, token = self.environ["HTTP_AUTHORIZATION"].partition(" ")
            if scheme.lower() == "bearer":
                key = token.strip()
            elif scheme.lower() == "basic" and self.route.error_page is not None:
                key = _password(token)
        return key


def _password(token: str) -> str:
    """Return the password of Basic credentials, empty if they are none."""
    try:
        return b64decode(token, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
