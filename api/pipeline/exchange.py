"""One request on its path through the service, with everything that the stages find out about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from api.errors import ApiError
from api.pipeline.route import Route
from api.protocols.message import FORM, Request, Response
from model.runtime.base import Model

if TYPE_CHECKING:
    from api.telemetry.tracing import RequestTrace

NO_NAMES: Mapping[str, str] = MappingProxyType({})


class Exchange(Request, kw_only=True):
    """A request, and what becomes of it.

    The transport sets body, environ, route, names, and the model if it knows it; or why the body is unreadable.
    """

    route: Route
    names: Mapping[str, str] = NO_NAMES
    """The value of each <name> of the path."""
    model: Model | None = None
    sampled_log: bool = False
    """A good answer has a log line only at the sample rate."""
    unreadable: ApiError | None = None
    """Why the body could not be read."""

    id: str = ""
    number: int = 0
    """Counted from the start of the process."""
    started: float = 0.0
    question: Any = None
    answers: Any = None
    response: Response | None = None
    error_code: str = ""
    """The code of the error that the response reports; not the error, whose traceback refers to this exchange."""
    trace: RequestTrace | None = None

    def api_key(self) -> str:
        """Return the key of a request: a bearer token, the header X-API-Key, or the field of a form."""
        key: str = self.environ.get("HTTP_X_API_KEY", "")
        if "HTTP_AUTHORIZATION" in self.environ:
            scheme, _, token = self.environ["HTTP_AUTHORIZATION"].partition(" ")
            key = token.strip() if scheme.lower() == "bearer" else key
        if not key and self.content_type == FORM:
            key = self.form.get("key", "")
        return key
