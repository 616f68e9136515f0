"""The page for a whole file: the browser sends it in pieces, so that neither it nor other callers wait."""

from __future__ import annotations

from api.inference.answers import Answers
from api.inference.models import Models
from api.pages.page import page
from api.protocols import predict
from api.protocols.csv_table import text_to_extend
from api.protocols.message import JSON, Request, Response
from model.runtime.base import Model


def show(models: Models, request: Request) -> Response:
    """Return the page."""
    model = models.get_or_default(request.query.get("model"))
    return page("batch.html", models=models, model=model, current="batch")


def decode(model: Model, request: Request) -> predict.FileQuestion:
    """Return the rows of a CSV file; the answer is the file with the predictions, unless only JSON is accepted."""
    question = predict.decode_file(model, request)
    if not request.accepts(JSON):
        question.file = text_to_extend(model, request)
    return question


def encode(model: Model, question: predict.FileQuestion, answers: Answers) -> Response:
    """Return the answers for download."""
    response = predict.encode_file(model, question, answers)
    response.headers = (("Content-Disposition", f'attachment; filename="{model.name}-predictions.csv"'),)
    return response
