"""The scoring paths of KServe V1, the Open Inference Protocol, and MLflow."""

from __future__ import annotations

from typing import Any

from api.inference.models import Models
from api.openapi.examples import example
from api.openapi.explain_paths import explain_v1
from api.openapi.information_paths import MLFLOW, V1, V2
from api.openapi.operation_parts import FILE_TEXT, HEADER, answer, content, obj, operation, options
from api.openapi.schemas import Json, ref, split_frame_schema
from api.openapi.tensor_schemas import answers, body
from api.protocols.mlflow import FORMS
from model.runtime.base import Model


def paths(models: Models) -> Json:
    """Return the protocols' scoring paths, with the schemas of each model."""
    found: Json = {}
    for model in models.by_name.values():
        found[f"/v1/models/{model.name}:predict"] = {"post": predict_operation(model)}
        if len(model.signature.targets) == 1:
            found[f"/v1/models/{model.name}:explain"] = {"post": explain_v1(model)}
        found[f"/v2/models/{model.name}/infer"] = {"post": infer_operation(model)}
    return {**found, "/invocations": {"post": invocations(models.default)}}


def _answers(model: Model) -> Json:
    schema = answer(model, {"predictions": ref(model, "answers")})
    return content(schema, {"one row": {"predictions": example(model).predictions}})


def predict_operation(model: Model) -> Json:
    """Describe V1's predict."""
    shown = example(model)
    keys = ("instances", "inputs")
    examples: Json = {key: {key: [shown.row]} for key in keys}
    examples["by name"] = {"instances": [shown.named]}
    schema = {"anyOf": [obj({key: ref(model, "list")}) for key in keys]}
    text = "Rows are given in a list, by position or by name; of two keys, inputs wins."
    return operation(
        f"v1_predict_{model.name}",
        V1,
        (f"Score rows with {model.name}", text),
        family="text",
        answers=_answers(model),
        body=content(schema, examples),
        parameters=options(model),
    )


def infer_operation(model: Model) -> Json:
    """Describe V2's infer."""
    same = f"/v2/models/{model.name}/versions/{model.version}/infer"
    text = (
        "One tensor of the full width under any name, or one for each feature. Tensors may follow the JSON as bytes, "
        f"as in the extension binary_tensor_data. {same} is the same."
    )
    texts = f"Score tensors with {model.name}", text
    return operation(
        f"v2_infer_{model.name}", V2, texts, family="text", answers=answers(model), body=body(model), parameters=[]
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
    schemas = {form: ref(model, "rows") for form in FORMS} | {"dataframe_split": split_frame_schema(model)}
    schemas["inputs"] = {"anyOf": [ref(model, "rows"), columns]}
    examples = {form: {form: given[form]} for form in FORMS}
    taken = {
        **content({"oneOf": [obj({form: schema}) for form, schema in schemas.items()]}, examples),
        **content({"type": "string"}, {"a file": shown.csv}, "text/csv"),
    }
    texts = (
        "Score rows as MLflow does",
        f"Uses {model.name}. The rows are in exactly one of four forms, or a CSV file. {FILE_TEXT}",
    )
    return operation(
        "invocations",
        MLFLOW,
        texts,
        family="mlflow",
        answers=_answers(model),
        body=taken,
        parameters=[HEADER, *options(model)],
    )
