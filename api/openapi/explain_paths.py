"""The two paths that explain an answer; a model with several targets has none of them."""

from __future__ import annotations

from api.inference.explanations import MAX_ROWS, METHOD
from api.openapi.examples import example
from api.openapi.information_paths import V1
from api.openapi.operation_parts import content, obj, operation
from api.openapi.schemas import Json, ref
from model.runtime.base import Model

_TEXT: Json = {"type": "string"}
_EFFECT = obj(
    {
        "feature": _TEXT,
        "value": {"description": "The row's value."},
        "typical": {"description": "The typical value of training."},
        "effect": {"type": "number"},
    }
)


def explain_operation(model: Model, tag: str) -> Json:
    """Describe POST /explain."""
    shown = example(model)
    body = content(obj({"X": ref(model, "rows")}), {"by position": {"X": [shown.row]}, "by name": {"X": [shown.named]}})
    texts = "Explain answers", f"Uses {model.name}, at most {MAX_ROWS} rows. {METHOD}"
    return operation("explain", tag, texts, family="service", answers=_answers(model), body=body, parameters=[])


def explain_v1(model: Model) -> Json:
    """Describe V1's explain."""
    body = content(obj({"instances": ref(model, "list")}), {"instances": {"instances": [example(model).row]}})
    texts = f"Explain {model.name}", f"At most {MAX_ROWS} rows. {METHOD}"
    name = f"v1_explain_{model.name}"
    return operation(name, V1, texts, family="text", answers=_answers(model), body=body, parameters=[])


def _answers(model: Model) -> Json:
    one = obj(
        {
            "prediction": {"description": "The answer that is explained."},
            "explains": {**_TEXT, "description": "What the effects apply to."},
            "value": {"type": "number"},
            "effects": {"type": "array", "items": _EFFECT},
        }
    )
    found = {
        "predictions": ref(model, "answers"), "explanations": {"type": "array", "items": one}, "method": _TEXT
    }  # fmt: skip
    return content(obj(found), {})
