"""MLflow's scoring protocol: POST /invocations, as JSON in four forms or as CSV."""

from __future__ import annotations

from typing import Any

from api.errors import ApiError
from api.inference.answers import Answers, Question
from api.inference.models import Models
from api.protocols.csv_table import has_header, read_rows
from api.protocols.json_codec import encode_json
from api.protocols.message import CSV, FORM, JSON, Request, Response
from api.protocols.numeric_json import decode_rows
from api.protocols.predict import split_frame
from model.runtime.base import Model
from model.schema.rows import NamedColumns

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def decode(model: Model, request: Request) -> Question:
    """Return the rows in the form that the content type names."""
    rows: Any
    names: list[str] | None
    # A parameter with a value that it cannot have is refused where it does not matter, too.
    has_header(request)
    if request.content_type == CSV:
        rows, names = read_rows(model, request)
    elif request.content_type in ("", JSON, FORM):
        rows, names = _rows_of_json(decode_rows(model, request.body))
    else:
        text = f"content type {request.content_type[:60]!r} is not supported; application/json and text/csv are"
        raise ApiError(415, "content_type", text)
    return Question(rows, names, request.flag("proba"), request.flag("labels"))


def encode(_: Model, __: Question, answers: Answers) -> Response:
    """Return the answers under predictions."""
    return Response(encode_json(answers.under("predictions")), rows=len(answers.predictions))


def _rows_of_json(body: Any) -> tuple[Any, list[str] | None]:
    forms = [form for form in FORMS if form in body] if isinstance(body, dict) else []
    if len(forms) != 1:
        raise ApiError(400, "malformed", f"expected an object with exactly one of {', '.join(FORMS)}")
    rows = body[forms[0]]
    if forms[0] == "dataframe_split":
        return split_frame(rows)
    if forms[0] == "inputs" and isinstance(rows, dict):
        return _columns(rows), None
    return rows, None


def _columns(columns: dict[str, Any]) -> NamedColumns:
    """Return a column of values for each feature, or one row from single values."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in columns.items()}
    if len({len(value) for value in lists.values()}) > 1:
        raise ApiError(400, "malformed", "the columns of inputs differ in length")
    return NamedColumns({name: _flat(values) for name, values in lists.items()})


def _flat(values: list[Any]) -> list[Any]:
    """Return a column without the lists of one that its values may stand in."""
    if list not in set(map(type, values)):
        return values
    return [each[0] if isinstance(each, list) and len(each) == 1 else each for each in values]


def ping(_: Models, __: Request) -> Response:
    """Answer that the server is up."""
    return Response(b"\n")


def version(models: Models, _: Request) -> Response:
    """Return the version of the default model."""
    return Response(models.default.version.encode(), content_type="text/plain; charset=utf-8")


def render_error(error: ApiError, _: str) -> dict[str, Any]:
    """Return MLflow's shape of an error."""
    code = "INVALID_PARAMETER_VALUE" if error.details else "BAD_REQUEST"
    return {"error_code": code, "message": error.message}
