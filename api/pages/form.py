"""The form for one row, and its answer: the same with and without script, through the same stages as any request."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from api.errors import ApiError
from api.inference.answers import Answers, Question
from api.inference.explanations import Explanation, explain_rows
from api.inference.models import Models
from api.pages.answer_view import AnswerView, answer_view
from api.pages.page import page, redirection
from api.protocols.message import Request, Response
from model.rendering.text import format_range
from model.runtime.base import Model
from model.schema.signature import Feature
from model.schema.text_values import parse_record

_SEPARATORS = re.compile(r"[^a-z0-9]")
_NOT_RESENT = ("key", "csrf_token", "submit")
_NO_FEATURES = ("model", *_NOT_RESENT)


class FormQuestion(Question, kw_only=True):
    """A question, with the text of each field for showing it again."""

    fields: dict[str, str]


class FormAnswers(Answers, kw_only=True):
    """The answers to one row, with an explanation where there is one, and the models for the page's navigation."""

    models: Models
    explanation: Explanation | None = None


def show(models: Models, request: Request) -> Response:
    """Return the form, filled with typical values."""
    model = models.get_or_default(request.query.get("model"))
    return _page(models, model, {feature.name: _typical(feature) for feature in model.signature.features})


def redirect(_: Models, request: Request) -> Response:
    """Redirect a form of the first tutorial to the page of its answer."""
    fields = [(name, value) for name, value in request.form.items() if name not in _NOT_RESENT]
    return redirection(f"prediction?{urlencode(fields)}")


def decode(model: Model, request: Request) -> FormQuestion:
    """Return the row in a form or a query."""
    given = _fields(request)
    fields = _by_feature(model, given)
    if len(fields) < len([name for name in given if name not in _NO_FEATURES or name in model.signature.names]):
        raise ApiError(400, "malformed", "two fields are the same feature")
    rows = [parse_record(model.signature, fields)] if given.keys() - {"model"} else []
    labels = all(target.classes is not None for target in model.signature.targets)
    return FormQuestion(rows, None, model.signature.proba, labels, fields=fields)


def predict(models: Models, model: Model, question: FormQuestion) -> FormAnswers:
    """Answer and explain one row."""
    if not question.rows:
        return FormAnswers([], models=models)
    answers = models.answer(model, question)
    try:
        (explanation,) = explain_rows(models, model, question.rows) if len(model.signature.targets) == 1 else (None,)
    except ApiError:
        explanation = None
    return FormAnswers(
        answers.predictions,
        answers.probabilities,
        answers.labels,
        answers.array,
        models=models,
        explanation=explanation,
    )


def encode(model: Model, question: FormQuestion, answers: FormAnswers) -> Response:
    """Return the form with the answer, or redirect to the form if there was no row."""
    if not question.rows:
        return redirection("./")
    view = answer_view(model, question.rows[0], answers, answers.explanation)
    return _page(answers.models, model, question.fields, view=view)


def show_error(models: Models, request: Request, error: ApiError) -> Response:
    """Return the form with an error: beside the fields that it names, else above them."""
    fields: dict[str, str] = {}
    try:
        fields = _fields(request)
        model = models.get_or_default(fields.get("model"))
    except ApiError:
        model = models.default
    faults = {str(each["feature"]): each["message"] for each in error.details if each["feature"]}
    message = "" if faults else error.message
    return _page(models, model, _by_feature(model, fields), faults, message, status=int(error.status))


def _fields(request: Request) -> dict[str, str]:
    """Return the fields of the query and of the form."""
    query, form = request.query, request.form
    if any(query[name] != form[name] for name in query.keys() & form.keys()):
        raise ApiError(400, "malformed", "a field stands in the query and in the form, with two values")
    return query | form


def _by_feature(model: Model, fields: dict[str, str]) -> dict[str, str]:
    """Return the fields under the features' own names; SepalLengthCm means sepal_length, whose unit is cm."""
    known: dict[str, str] = {}
    for feature in model.signature.features:
        plain = _SEPARATORS.sub("", feature.name.lower())
        known |= {plain: feature.name, plain + _SEPARATORS.sub("", (feature.unit or "").lower()): feature.name}
    found = {}
    for name, value in fields.items():
        if name in model.signature.names:
            found[name] = value
        elif name not in _NO_FEATURES:
            found[known.get(_SEPARATORS.sub("", name.lower()), name)] = value
    return found


def _typical(feature: Feature) -> str:
    if feature.typical is None:
        return ""
    return f"{feature.typical:g}" if isinstance(feature.typical, float) else str(feature.typical)


def _page(
    models: Models, model: Model, values: dict[str, str], faults: dict[str, str] | None = None, message: str = "",
    view: AnswerView | None = None, status: int = 200,
) -> Response:  # fmt: skip
    faults = faults or {}
    fields = [
        {
            "feature": each,
            "value": values.get(each.name, ""),
            "fault": faults.get(each.name),
            "hint": _hint(each),
        }
        for each in model.signature.features
    ]
    others = [f"{name}: {fault}" for name, fault in faults.items() if name not in model.signature.names]
    shown: dict[str, Any] = {"fields": fields, "error": "; ".join(filter(None, [message, *others])), "answer": view}
    return page("form.html", status, models=models, model=model, current="", **shown)


def _hint(feature: Feature) -> str:
    parts = [feature.unit] if feature.unit else []
    if feature.low is not None and feature.high is not None and feature.type != "boolean":
        parts.append(f"in training {format_range(feature.low, feature.high)}")
    if feature.missing:
        parts.append("optional")
    return ", ".join(parts)
