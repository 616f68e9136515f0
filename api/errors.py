"""What can be wrong with a request: raised where it is found, rendered by the dialect it came in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from model.schema.signature import SignatureError


class ApiError(Exception):
    """A request that is not answered, with the status, a word for programs and a sentence for people."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = HTTPStatus(status)
        self.code = code
        self.message = message
        self.details = details or []


def from_signature(error: SignatureError) -> ApiError:
    """Return rows that the model cannot take as the caller's error, every fault in its details."""
    details = [
        {"row": fault.row, "feature": fault.feature, "code": fault.code, "message": fault.message}
        for fault in error.problems
    ]
    shapeless = all(fault.code in ("shape", "width") for fault in error.problems)
    return ApiError(400 if shapeless else 422, error.problems[0].code, str(error), details)
