"""The protocols that ask a model: KServe V1, the Open Inference Protocol, and MLflow."""

from __future__ import annotations

from typing import Any

from api.dialects.mlflow import FORMS
from api.openapi.examples import example
from api.openapi.explaining import explain_v1
from api.openapi.gets import MLFLOW, V1, V2
from api.openapi.parts import answer, content, obj, scoring, want
from api.openapi.schemas import Json, frame, ref
from api.openapi.tensors import answers, body
from api.scoring import Models
from model.runtime.load import Model


def paths(models: Models) -> Json:
    """Return the protocols' scoring paths; each model has its own, so that the schemas are its own too."""
    found: Json = {}
    for model in models.by_name.values():
        found[f"/v1/models/{model.name}:predict"] = {"post": predict(model)}
        if len(model.signature.targets) == 1:
            found[f"/v1/models/{model.name}:explain"] = {"post": explain_v1(model)}
        found[f"/v2/models/{model.name}/infer"] = {"post": infer(model)}
    return {**found, "/invocations": {"post": invocations(models.default)}}


def _answers(model: Model) -> Json:
    schema = answer(model, {"predictions": ref(model, "answers")})
    return content(schema, {"one row": {"predictions": [example(model).prediction]}})


def predict(model: Model) -> Json:
    """Describe V1's predict."""
    shown = example(model)
    keys = ("instances", "inputs")
    examples: Json = {key: {key: [shown.row]} for key in keys}
    examples["by name"] = {"instances": [shown.named]}
    schema = {"anyOf": [obj({key: ref(model, "list")}) for key in keys]}
    text = "Rows come in a list, by position or by name; where both keys are there, inputs wins."
    return scoring(
        f"v1_predict_{model.name}",
        V1,
        (f"Ask {model.name}", text),
        family="text",
        answers=_answers(model),
        body=content(schema, examples),
        parameters=want(model),
    )


def infer(model: Model) -> Json:
    """Describe V2's infer."""
    same = f"/v2/models/{model.name}/versions/{model.version}/infer"
    text = (
        "One tensor of the full width under any name, or one a feature. Tensors may follow the JSON as bytes, "
        f"as the extension binary_tensor_data has it. {same} is the same."
    )
    said = f"Ask {model.name} with tensors", text
    return scoring(
        f"v2_infer_{model.name}", V2, said, family="text", answers=answers(model), body=body(model), parameters=[]
    )


def invocations(model: Model) -> Json:
    """Describe MLflow's scoring."""
    shown = example(model)
    given: dict[str, Any] = {
        "dataframe_split": shown.split,
        "dataframe_records": [shown.named],
        "instances": [shown.row],
        "inputs": {name: [cell] for name, cell in shown.named.items()},
    }
    columns = {"type": "object", "additionalProperties": {"type": "array"}}
    schemas = {form: ref(model, "rows") for form in FORMS} | {"dataframe_split": frame(model)}
    schemas["inputs"] = {"anyOf": [ref(model, "rows"), columns]}
    examples = {form: {form: given[form]} for form in FORMS}
    taken = {
        **content({"oneOf": [obj({form: schema}) for form, schema in schemas.items()]}, examples),
        **content({"type": "string"}, {"a file": shown.csv}, "text/csv"),
    }
    said = (
        "Ask the default model as MLflow does",
        f"Asks {model.name}, in exactly one of four forms, or with a CSV file.",
    )
    return scoring(
        "invocations", MLFLOW, said, family="mlflow", answers=_answers(model), body=taken, parameters=want(model)
    )
