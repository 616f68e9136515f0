"""Every protocol that rows can be sent by, and how its answers are read."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.differential import tensors
from tests.differential.front import Answer, Service
from tests.differential.rows import Row

Send = Callable[[Service, list[Row]], Answer]
BAD = (400, 422)
"""What protocols that know no 422 say of every request that is wrong."""
V1, INVOCATIONS = "/v1/models/case:predict", "/invocations"


def anything(rows: list[Row]) -> list[Row]:
    """Take every row."""
    return rows


@dataclass(frozen=True)
class Channel:
    """One way to send rows."""

    name: str
    send: Send
    key: str
    """Where the answers stand in the response; `tensor` for the Open Inference Protocol."""
    takes: Callable[[list[Row]], list[Row]] = anything
    """Which of the rows the protocol has a form for at all."""
    invalid: tuple[int, ...] = (422,)
    """The statuses that say that a row was understood and has no answer."""

    def read(self, answer: Answer) -> tuple[list[Any], list[Any] | None]:
        """Return an answer a row, and the probabilities where they were asked for."""
        if self.key == "tensor":
            return tensors.read(answer)
        body = answer.json
        return body[self.key], body.get("probabilities")


def lists(rows: list[Row]) -> list[list[Any]]:
    """Return rows by position."""
    return [list(row.values()) for row in rows]


def _json(path: str, make: Callable[[list[Row]], Any]) -> Send:
    return lambda service, rows: service.ask("POST", path, make(rows))


def _split(rows: list[Row]) -> dict[str, Any]:
    names = list(rows[0])[::-1]
    return {"dataframe_split": {"columns": names, "data": [[row[name] for name in names] for row in rows]}}


def _columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _csv(path: str) -> Send:
    def send(service: Service, rows: list[Row]) -> Answer:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([["" if value is None else value for value in row.values()] for row in rows])
        return service.ask("POST", path, text.getvalue().encode(), content_type="text/csv")

    return send


def _in_csv(rows: list[Row]) -> list[Row]:
    """Leave out what a CSV file cannot tell from a missing value, and NUL, for which it has no form."""
    return [row for row in rows if not any(value == "" or "\x00" in str(value) for value in row.values())]


def _upload(service: Service, rows: list[Row]) -> Answer:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(rows[0])
    writer.writerows([["" if value is None else value for value in row.values()] for row in rows])
    head = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    body = head + text.getvalue().encode() + b"\r\n--edge--\r\n"
    return service.ask("POST", "/predict_file", body, content_type="multipart/form-data; boundary=edge")


def _query(service: Service, rows: list[Row]) -> Answer:
    (row,) = rows
    return service.ask("GET", "/predict?" + urlencode({name: "" if v is None else v for name, v in row.items()}))


ALONE = (
    Channel("score one", lambda s, rows: s.ask("POST", "/score", {"X": lists(rows)}), "score"),
    Channel("score record", lambda s, rows: s.ask("POST", "/score", {"X": rows[0]}), "score"),
)
PROBA = (
    Channel("score proba", _json("/score?proba=1", lambda rows: {"X": lists(rows)}), "score"),
    Channel("v2 proba", tensors.by_column(proba=True), "tensor", tensors.in_columns, BAD),
)
ONLY_ALONE = (Channel("query", _query, "prediction", _in_csv),)
MANY = (
    Channel("score", _json("/score", lambda rows: {"X": lists(rows)}), "score"),
    Channel("score records", _json("/score", lambda rows: {"X": rows}), "score"),
    Channel("input", _json("/predict", lambda rows: {"input": lists(rows)}), "prediction"),
    Channel("data", _json("/predict", lambda rows: {"data": lists(rows)}), "pred"),
    Channel("instances", _json("/predict", lambda rows: {"instances": rows}), "predictions"),
    Channel("split", _json("/predict", _split), "predictions"),
    Channel("records", _json("/predict", lambda rows: rows), "prediction"),
    Channel("csv", _csv("/predict_file"), "predictions", _in_csv),
    Channel("upload", _upload, "predictions", _in_csv),
    Channel("v1 lists", _json(V1, lambda rows: {"instances": lists(rows)}), "predictions", invalid=BAD),
    Channel("v1 records", _json(V1, lambda rows: {"inputs": rows}), "predictions", invalid=BAD),
    Channel("v1 columns", _json(V1, lambda rows: {"instances": [_columns(rows)]}), "predictions", invalid=BAD),
    Channel("v2 columns", tensors.by_column(), "tensor", tensors.in_columns, BAD),
    Channel("v2 binary columns", tensors.by_column(binary=True), "tensor", tensors.in_binary, BAD),
    Channel("v2 matrix", tensors.as_matrix(), "tensor", tensors.in_matrix, BAD),
    Channel("v2 binary matrix", tensors.as_matrix(binary=True), "tensor", tensors.in_matrix, BAD),
    Channel("mlflow split", _json(INVOCATIONS, _split), "predictions", invalid=BAD),
    Channel("mlflow records", _json(INVOCATIONS, lambda rows: {"dataframe_records": rows}), "predictions", invalid=BAD),
    Channel("mlflow lists", _json(INVOCATIONS, lambda rows: {"instances": lists(rows)}), "predictions", invalid=BAD),
    Channel("mlflow columns", _json(INVOCATIONS, lambda rows: {"inputs": _columns(rows)}), "predictions", invalid=BAD),
    Channel("mlflow csv", _csv(INVOCATIONS), "predictions", _in_csv, BAD),
)  # fmt: skip
