"""The form for one row, and its answer: the same with and without script, and the same way as any other caller's."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from api.dialects import Reply, Request, predict
from api.errors import ApiError
from api.scoring import Models
from api.views.answer import Answer, answered
from api.views.pages import chosen, page
from model.card import words as say
from model.runtime.load import Model
from model.schema.signature import Feature

_PLAIN = re.compile(r"[^a-z0-9]")
_UNSENT = ("key", "csrf_token", "submit")
_OTHERS = ("model", *_UNSENT)


def front(models: Models, request: Request) -> Reply:
    """Show the form, filled with what is typical."""
    model = chosen(models, request.query)
    return _form(models, model, {feature.name: _typical(feature) for feature in model.signature.features})


def onward(_: Models, request: Request) -> Reply:
    """Send a form of the first tutorial to where its answer is."""
    fields = [(name, value) for name, value in request.form.items() if name not in _UNSENT]
    return Reply(b"", 303, "text/plain", (("Location", f"prediction?{urlencode(fields)}"),))


def prediction(models: Models, request: Request) -> Reply:
    """Answer one row that stands in a form or a query; what is wrong with it is said beside its field."""
    fields = request.query | request.form
    if not fields.keys() - {"model"}:
        return Reply(b"", 303, "text/plain", (("Location", "./"),))
    model = chosen(models, fields)
    given = _by_feature(model, fields)
    try:
        answer = answered(models, model, predict.typed(model.signature, given))
    except ApiError as failure:
        wrong = {str(each["feature"]): each["message"] for each in failure.details if each["feature"]}
        rest = "" if wrong else failure.message
        return _form(models, model, given, wrong, rest, status=int(failure.status))
    return _form(models, model, given, answer=answer)


def refused(models: Models, request: Request, failure: ApiError) -> Reply:
    """Show the form again with what was refused, such as a key that is missing."""
    fields = request.query | request.form
    try:
        model = chosen(models, fields)
    except ApiError:
        model = models.default
    return _form(models, model, _by_feature(model, fields), rest=failure.message, status=int(failure.status))


def _by_feature(model: Model, fields: dict[str, str]) -> dict[str, str]:
    """Return the fields under the features' own names; SepalLengthCm means sepal_length, whose unit is cm."""
    known: dict[str, str] = {}
    for feature in model.signature.features:
        plain = _PLAIN.sub("", feature.name.lower())
        known |= {plain: feature.name, plain + _PLAIN.sub("", (feature.unit or "").lower()): feature.name}
    found = {}
    for name, value in fields.items():
        if name in model.signature.names:
            found[name] = value
        elif name not in _OTHERS:
            found[known.get(_PLAIN.sub("", name.lower()), name)] = value
    return found


def _typical(feature: Feature) -> str:
    if feature.typical is None:
        return ""
    return f"{feature.typical:g}" if isinstance(feature.typical, float) else str(feature.typical)


def _form(
    models: Models, model: Model, values: dict[str, str], wrong: dict[str, str] | None = None, rest: str = "",
    answer: Answer | None = None, status: int = 200,
) -> Reply:  # fmt: skip
    fields = [
        {
            "feature": each,
            "value": values.get(each.name, ""),
            "wrong": (wrong or {}).get(each.name),
            "note": _note(each),
        }
        for each in model.signature.features
    ]
    stray = [f"{name}: {said}" for name, said in (wrong or {}).items() if name not in model.signature.names]
    shown: dict[str, Any] = {"fields": fields, "rest": "; ".join([*filter(None, [rest]), *stray]), "answer": answer}
    return page("form.html", status, models=models, model=model, here="", **shown)


def _note(feature: Feature) -> str:
    known = [feature.unit] if feature.unit else []
    if feature.low is not None and feature.high is not None and feature.type != "boolean":
        known.append(f"training saw {say.between(feature.low, feature.high)}")
    if feature.missing:
        known.append("optional")
    return ", ".join(known)
