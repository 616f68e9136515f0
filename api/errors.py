"""What can be wrong with a request: raised where it is found, rendered by the protocol of the route."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from model.runtime.base import RefusedRow
from model.schema.signature import SignatureError


class ApiError(Exception):
    """A refused request: a status, a code for programs, a message for people, and details by row and feature."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = HTTPStatus(status)
        self.code = code
        self.message = message
        self.details = details or []
        self.model_error: BaseException | None = None
        """What the model itself raised: for the log, never for the caller."""

    def with_status(self, status: int, message: str | None = None) -> ApiError:
        """Return the same error under another status and, if given, with another message."""
        error = ApiError(status, self.code, message or self.message, self.details)
        error.model_error = self.model_error
        return error


def as_api_error(error: ApiError | SignatureError | RefusedRow) -> ApiError:
    """Return the error for a request whose rows do not fit the model, or are refused by it."""
    if isinstance(error, SignatureError):
        return from_signature_error(error)
    if isinstance(error, ApiError):
        return error
    details = [{"row": error.row, "feature": None, "code": "refused", "message": "the model refuses it"}]
    refused = ApiError(422, "refused", str(error), [] if error.row is None else details)
    refused.model_error = error.__cause__
    return refused


def from_signature_error(error: SignatureError) -> ApiError:
    """Return the error for rows that do not fit the model's signature, with every fault in its details."""
    details = [
        {"row": fault.row, "feature": fault.feature, "code": fault.code, "message": fault.message}
        for fault in error.problems
    ]
    only_shape = all(fault.code in ("shape", "width") for fault in error.problems)
    return ApiError(400 if only_shape else 422, error.problems[0].code, str(error), details)
