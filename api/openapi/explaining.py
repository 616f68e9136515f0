"""The two paths that explain an answer; a model with several targets has neither."""

from __future__ import annotations

from api.dialects.explain import MOST
from api.explaining import METHOD
from api.openapi.examples import example
from api.openapi.gets import V1
from api.openapi.parts import content, obj, scoring
from api.openapi.schemas import Json, ref
from model.runtime.load import Model

_TEXT: Json = {"type": "string"}
_EFFECT = obj(
    {
        "feature": _TEXT,
        "value": {"description": "What the row had."},
        "typical": {"description": "What training had."},
        "effect": {"type": "number"},
    }
)


def explain(model: Model, tag: str) -> Json:
    """Describe POST /explain."""
    shown = example(model)
    body = content(obj({"X": ref(model, "rows")}), {"by position": {"X": [shown.row]}, "by name": {"X": [shown.named]}})
    said = "Explain answers", f"Asks {model.name}, at most {MOST} rows. {METHOD}"
    return scoring("explain", tag, said, family="ours", answers=_answers(model), body=body, parameters=[])


def explain_v1(model: Model) -> Json:
    """Describe V1's explain."""
    body = content(obj({"instances": ref(model, "list")}), {"instances": {"instances": [example(model).row]}})
    said = f"Explain {model.name}", f"At most {MOST} rows. {METHOD}"
    name = f"v1_explain_{model.name}"
    return scoring(name, V1, said, family="text", answers=_answers(model), body=body, parameters=[])


def _answers(model: Model) -> Json:
    one = obj(
        {
            "prediction": {"description": "The answer that is explained."},
            "explains": {**_TEXT, "description": "What the effects are on."},
            "value": {"type": "number"},
            "effects": {"type": "array", "items": _EFFECT},
        }
    )
    found = {
        "predictions": ref(model, "answers"), "explanations": {"type": "array", "items": one}, "method": _TEXT
    }  # fmt: skip
    return content(obj(found), {})
