"""What a route is: a path, its protocol, and the functions that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from api.errors import ApiError
from api.inference.models import Models
from api.protocols.message import Request, Response
from api.protocols.operation import Operation, Protocol
from model.runtime.base import Model

Names = Mapping[str, str]
"""The value of each <name> of a path."""
FindModel = Callable[[Models, Request, Names], Model]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, with either an operation that predicts, or a handler that responds without a model."""

    method: str
    path: str
    """In Flask's spelling, with <name> for what varies; also the route label of the metrics."""
    protocol: Protocol
    operation: Operation | None = None
    find_model: FindModel | None = None
    handler: Callable[..., Response] | None = None
    """Called with the models, the request, and the path's names."""
    scoring: bool = False
    """Needs a key where keys are set, is refused under overload, is traced, and has a log line."""
    upload: bool = False
    """A form may send a file to it."""
    document: bool = False
    """Makes a page or another document, which takes so much time and memory that they are made one after the other."""
    error_page: Callable[[Models, Request, ApiError], Response] | None = None
    """Shows an error to a person; without it, errors have the protocol's shape."""
    key: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.method, self.path))


def default_model(models: Models, _: Request, __: Names) -> Model:
    """Return the first served model."""
    return models.default


def model_of_path(models: Models, _: Request, names: Names) -> Model:
    """Return the model that the path names."""
    return models.version(names["name"], names.get("version"))


def model_of_query(models: Models, request: Request, _: Names) -> Model:
    """Return the model that the query names, or the first served one."""
    return models.get_or_default(request.query.get("model"))


def model_of_fields(models: Models, request: Request, _: Names) -> Model:
    """Return the model that the query or the form names, or the first served one."""
    return models.get_or_default((request.query | request.form).get("model"))


def deferred(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that is imported at the first call: pages and documents must not slow the start."""

    def call(*args: Any, **names: Any) -> Any:
        return getattr(import_module(module), name)(*args, **names)

    return call
