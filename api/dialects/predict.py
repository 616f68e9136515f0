"""The tutorials' dialect: /predict and /predict_file; the key that the rows come under decides the answer's."""

from __future__ import annotations

import csv
import io
from typing import Any

from api.codec import decode, encode
from api.dialects import Reply, Request
from api.errors import ApiError
from api.scoring import Models, Scored
from model.runtime.load import Model
from model.schema.signature import Signature

ANSWER_KEYS = {
    "input": "prediction",
    "data": "pred",
    "instances": "predictions",
    "inputs": "predictions",
    "dataframe_split": "predictions",
    "dataframe_records": "predictions",
}


def predict(models: Models, model: Model, request: Request) -> Reply:
    """Answer rows under one of the known keys, or a bare record, or a list of records."""
    try:
        body = decode(request.body)
    except ApiError as failure:
        raise ApiError(400, failure.code, "Request body must be JSON") from None
    known = [key for key in ANSWER_KEYS if key in body] if isinstance(body, dict) else []
    known = [key for key in known if key not in model.signature.names]
    if len(known) > 1:
        raise ApiError(400, "malformed", f"the rows stand under several keys: {', '.join(known)}")
    if known:
        return _under(models, model, request, known[0], body[known[0]])
    if isinstance(body, dict):
        return _record(models, model, request, body)
    if isinstance(body, list):
        scored = models.ask(model, body, request.want)
        return Reply(encode(scored.under("prediction")), rows=len(scored.predictions))
    raise ApiError(400, "malformed", f"expected an object with one of {', '.join(ANSWER_KEYS)}, or a named record")


def _under(models: Models, model: Model, request: Request, key: str, rows: Any) -> Reply:
    names = None
    if key == "dataframe_split":
        rows, names = split_frame(rows)
    try:
        scored = models.ask(model, rows, request.want, names)
    except ApiError as failure:
        if key == "data" and failure.code == "width":
            # What tutorial 2's callers have been told since the first version.
            message = f"column must be of length {len(model.signature.features)}"
            raise ApiError(400, failure.code, message, failure.details) from None
        raise
    return Reply(encode(scored.under(ANSWER_KEYS[key])), rows=len(scored.predictions))


def split_frame(frame: Any) -> tuple[list[Any], list[str]]:
    """Return the rows and the column names of a data frame in pandas' split form."""
    if not isinstance(frame, dict) or not isinstance(frame.get("data"), list):
        raise ApiError(400, "malformed", 'dataframe_split must hold "columns" and "data"')
    names = frame.get("columns")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ApiError(400, "malformed", "the columns of dataframe_split must be a list of names")
    return frame["data"], names


def _record(models: Models, model: Model, request: Request, record: dict[str, Any]) -> Reply:
    """Answer one named record under the name of what was predicted."""
    scored = models.ask(model, record, request.want)
    targets = model.signature.targets
    values = scored.predictions[0] if len(targets) > 1 else scored.predictions
    answer = {target.name: value for target, value in zip(targets, values, strict=True)}
    headers = (("X-Model-Score", str(values[0])),) if targets[0].classes is None else ()
    return Reply(encode({**answer, **scored.beside()}), headers=headers, rows=1)


def predict_query(models: Models, model: Model, request: Request) -> Reply:
    """Answer one record whose values stand in the query."""
    asked = {name: value for name, value in request.query.items() if name not in ("proba", "labels")}
    scored = models.ask(model, typed(model.signature, asked), request.want)
    return Reply(encode(scored.under("prediction")), rows=len(scored.predictions))


def typed(signature: Signature, record: dict[str, str]) -> dict[str, Any]:
    """Turn texts into numbers where the model wants numbers; what is none is left for the signature to name."""
    kinds = {feature.name: feature.type for feature in signature.features}
    return {name: cell(text, kinds.get(name, "string")) for name, text in record.items()}


def cell(text: str, kind: str) -> Any:
    """Return one value that came as text."""
    if kind == "string":
        return text or None
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not text.strip():
        return None
    try:
        # Python alone reads 1_000 as a number.
        return text if "_" in text else float(text)
    except ValueError:
        return text


def predict_file(models: Models, model: Model, request: Request) -> Reply:
    """Answer the rows of a CSV file: as JSON, or as the same file with a column more."""
    rows, names = read_file(model, request.body)
    scored = models.ask(model, rows, request.want, names)
    if "text/csv" in (request.header("HTTP_ACCEPT") or ""):
        text = _with_column(*table(request.body), model, scored)
        return Reply(text, content_type="text/csv; charset=utf-8", rows=len(scored.predictions))
    return Reply(encode(scored.under("predictions")), rows=len(scored.predictions))


def read_file(model: Model, content: bytes) -> tuple[list[list[Any]], list[str]]:
    """Return a CSV file's rows as JSON values, and their names; columns that are no feature are passed over."""
    header, rows = table(content)
    kinds = {feature.name: feature.type for feature in model.signature.features}
    names = header if set(header) & set(kinds) else list(model.signature.names)
    if len(names) != len(header):
        raise ApiError(400, "width", f"expected {len(names)} columns, got {len(header)}")
    wanted = [place for place, name in enumerate(names) if name in kinds]
    return [[cell(row[place], kinds[names[place]]) for place in wanted] for row in rows], [names[i] for i in wanted]


def table(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a CSV file."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ApiError(400, "malformed", f"the file is not a CSV table in UTF-8: {error}") from None
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise ApiError(400, "malformed", "the file must have a header and at least one row")
    header = [name.strip() for name in lines[0]]
    for number, line in enumerate(lines[1:]):
        if len(line) != len(header):
            raise ApiError(400, "width", f"row {number} has {len(line)} cells, the header {len(header)}")
    return header, lines[1:]


def _with_column(header: list[str], rows: list[list[str]], model: Model, scored: Scored) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, model.signature.targets[0].name])
    writer.writerows([*row, answer] for row, answer in zip(rows, scored.predictions, strict=True))
    return text.getvalue().encode()


def error(failure: ApiError, request_id: str) -> dict[str, Any]:
    """Return the tutorials' shapes of an error, and our own, in one."""
    place = [{"loc": ["body", fault["row"], fault["feature"]], "msg": fault["message"]} for fault in failure.details]
    return {
        "message": failure.message,
        "detail": place or [{"loc": ["body"], "msg": failure.message}],
        "error": {"code": failure.code, "message": failure.message, "request_id": request_id},
    }
