"""The tutorials' protocol: /predict and /predict_file; the key of the rows decides the key of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.errors import ApiError
from api.inference.answers import Answers, Question
from api.protocols.csv_table import add_columns, read_rows, text_to_extend
from api.protocols.json_codec import encode_json
from api.protocols.message import CSV, Request, Response
from api.protocols.numeric_json import decode_rows
from model.runtime.base import Model
from model.schema.text_values import parse_record

ANSWER_KEYS = {
    "input": "prediction",
    "data": "pred",
    "instances": "predictions",
    "inputs": "predictions",
    "dataframe_split": "predictions",
    "dataframe_records": "predictions",
}
QUERY_FLAGS = ("proba", "labels")


class KeyedQuestion(Question):
    """A question, with the key under which its rows came."""

    key: str = ""


class FileQuestion(Question):
    """The rows of a file, with the file itself if it is to be returned with the predictions."""

    file: str | None = None


def decode(model: Model, request: Request) -> Question:
    """Return the rows under one of the known keys, or a bare record, or a list of records."""
    try:
        body = decode_rows(model, request.body)
    except ApiError as error:
        raise error.with_status(400, "Request body must be JSON") from None
    keys = [key for key in ANSWER_KEYS if key in body] if isinstance(body, dict) else []
    keys = [key for key in keys if key not in model.signature.names]
    if len(keys) > 1:
        raise ApiError(400, "malformed", f"the rows are under several keys: {', '.join(keys)}")
    if keys and len(body) > 1 and (beside := body.keys() & set(model.signature.names)):
        raise ApiError(400, "malformed", f"the rows are under {keys[0]}, and {min(beside)} stands beside it")
    if not keys and not isinstance(body, dict | list):
        text = f"expected an object with one of {', '.join(ANSWER_KEYS)}, or a named record"
        raise ApiError(400, "malformed", text)
    rows, key, names = (body[keys[0]], keys[0], None) if keys else (body, "", None)
    if key == "dataframe_split":
        rows, names = split_frame(rows)
    if not request.environ.get("QUERY_STRING"):
        return KeyedQuestion(rows, names, key=key)
    return KeyedQuestion(rows, names, request.flag("proba"), request.flag("labels"), key=key)


def encode(model: Model, question: KeyedQuestion, answers: Answers) -> Response:
    """Return the answers under the key that belongs to that of the rows."""
    if not question.key and isinstance(question.rows, dict):
        return _encode_record(model, answers)
    key = ANSWER_KEYS[question.key] if question.key else "prediction"
    return Response(encode_json(answers.under(key)), rows=len(answers.predictions))


def _encode_record(model: Model, answers: Answers) -> Response:
    """Return the answer to a bare record under the names of the targets."""
    targets = model.signature.targets
    values = answers.predictions[0] if len(targets) > 1 else answers.predictions
    body = {target.name: value for target, value in zip(targets, values, strict=True)}
    headers = (("X-Model-Score", str(values[0])),) if targets[0].classes is None else ()
    return Response(encode_json({**body, **answers.extras()}), headers=headers, rows=1)


def adapt_error(error: ApiError, model: Model, question: KeyedQuestion) -> ApiError:
    """Return tutorial 2's message for rows of the wrong width."""
    if question.key == "data" and error.code == "width":
        return error.with_status(400, f"column must be of length {len(model.signature.features)}")
    return error


def split_frame(frame: Any) -> tuple[Any, list[str]]:
    """Return the rows and the column names of a data frame in pandas' split form."""
    if not isinstance(frame, dict) or not isinstance(frame.get("data"), list | np.ndarray):
        raise ApiError(400, "malformed", 'dataframe_split must hold "columns" and "data"')
    names = frame.get("columns")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ApiError(400, "malformed", "the columns of dataframe_split must be a list of names")
    index = frame.get("index")
    if index is not None and not (isinstance(index, list) and len(index) == len(frame["data"])):
        raise ApiError(400, "malformed", "the index of dataframe_split must be a list with one entry for each row")
    return frame["data"], names


def decode_query(model: Model, request: Request) -> Question:
    """Return the one record whose values are in the query."""
    record = {name: value for name, value in request.query.items() if name not in QUERY_FLAGS}
    rows = parse_record(model.signature, record)
    return Question(rows, None, request.flag("proba"), request.flag("labels"))


def encode_query(_: Model, __: Question, answers: Answers) -> Response:
    """Return the answer under prediction."""
    return Response(encode_json(answers.under("prediction")), rows=len(answers.predictions))


def decode_file(model: Model, request: Request) -> FileQuestion:
    """Return the rows of a CSV file."""
    rows, names = read_rows(model, request)
    file = text_to_extend(model, request) if request.accepts(CSV) else None
    return FileQuestion(rows, names, request.flag("proba"), request.flag("labels"), file=file)


def encode_file(model: Model, question: FileQuestion, answers: Answers) -> Response:
    """Return the answers as JSON, or the file with the predictions if the caller accepts CSV."""
    rows = len(answers.predictions)
    if question.file is None:
        return Response(encode_json(answers.under("predictions")), rows=rows)
    names = model.signature.prediction_names
    values = answers.predictions if len(names) > 1 else zip(answers.predictions)
    text = add_columns(question.file, names if question.names else None, values)
    return Response(text, content_type=f"{CSV}; charset=utf-8", rows=rows)


def render_error(error: ApiError, request_id: str) -> dict[str, Any]:
    """Return the tutorials' shapes of an error, and the service's own, in one."""
    faults = [{"loc": ["body", fault["row"], fault["feature"]], "msg": fault["message"]} for fault in error.details]
    return {
        "message": error.message,
        "detail": faults or [{"loc": ["body"], "msg": error.message}],
        "error": {"code": error.code, "message": error.message, "request_id": request_id},
    }
