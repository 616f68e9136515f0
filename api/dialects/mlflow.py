"""MLflow's dialect: POST /invocations, as JSON in four forms or as CSV."""

from __future__ import annotations

from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.dialects.predict import read_file, split_frame
from api.errors import ApiError
from api.scoring import Models
from model.runtime.load import Model

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def invocations(models: Models, model: Model, request: Request) -> Reply:
    """Answer rows in the form that the content type says."""
    rows: Any
    names: list[str] | None
    if request.content_type == "text/csv":
        rows, names = read_file(model, request.body)
    elif request.content_type in ("", "application/json", "application/x-www-form-urlencoded"):
        rows, names = _of_json(decode(request.body))
    else:
        text = f"content type {request.content_type[:60]!r} is not taken; application/json and text/csv are"
        raise ApiError(415, "content_type", text)
    scored = models.ask(model, rows, request.want, names)
    return Reply(encode(scored.under("predictions")), rows=len(scored.predictions))


def _of_json(body: Any) -> tuple[Any, list[str] | None]:
    given = [form for form in FORMS if form in body] if isinstance(body, dict) else []
    if len(given) != 1:
        raise ApiError(400, "malformed", f"expected an object with exactly one of {', '.join(FORMS)}")
    rows = body[given[0]]
    if given[0] == "dataframe_split":
        return split_frame(rows)
    if given[0] == "inputs" and isinstance(rows, dict):
        return _of_columns(rows), None
    return rows, None


def _of_columns(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return records from a column of values a feature, or one record from a value each."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in columns.items()}
    if len({len(value) for value in lists.values()}) > 1:
        raise ApiError(400, "malformed", "the columns of inputs differ in length")
    flat = {name: [v[0] if isinstance(v, list) and len(v) == 1 else v for v in value] for name, value in lists.items()}
    return [dict(zip(flat, row, strict=True)) for row in zip(*flat.values(), strict=True)]


def ping(_: Models, __: Request) -> Reply:
    """Tell that the server is there."""
    return Reply(b"\n")


def version(models: Models, _: Request) -> Reply:
    """Name the version of what is served first."""
    return Reply(models.default.version.encode(), content_type="text/plain; charset=utf-8")


def error(failure: ApiError, _: str) -> dict[str, Any]:
    """Return MLflow's shape of an error."""
    code = "INVALID_PARAMETER_VALUE" if failure.details else "BAD_REQUEST"
    return {"error_code": code, "message": failure.message}
