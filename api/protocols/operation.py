"""The functions with which a protocol takes part in a prediction, and what a protocol is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.errors import ApiError
from api.inference.answers import Question, count_answer_values
from api.inference.models import Models
from api.protocols.message import Request, Response
from model.runtime.base import Model


class Protocol(NamedTuple):
    """A protocol's name in the log, and its shape of an error."""

    name: str
    render_error: Callable[[ApiError, str], dict[str, Any]]
    """Called with the error and the request id."""


def unchanged(error: ApiError, _: Model, __: Any) -> ApiError:
    """Return an error as it is."""
    return error


def map_422_to_400(error: ApiError, _: Model, __: Any) -> ApiError:
    """Return rows that do not fit the model as a 400, where a protocol knows no 422."""
    return error.with_status(400) if error.status == 422 else error


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of prediction in one protocol."""

    decode: Callable[[Model, Request], Question]
    encode: Callable[[Model, Any, Any], Response]
    """Called with the model, the question, and what predict returned."""
    predict: Callable[[Models, Model, Any], Any] = Models.answer
    count_values: Callable[[Model, Any], int] = count_answer_values
    """How many values the answers have; called with the model and the question."""
    adapt_error: Callable[[ApiError, Model, Any], ApiError] = unchanged
    """Adapts an error of predict to the protocol; called with the error, the model and the question."""
