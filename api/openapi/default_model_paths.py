"""The paths for the default model: /score, the tutorials' /predict and /predict_file, and /explain."""

from __future__ import annotations

from api.openapi.examples import example
from api.openapi.explain_paths import explain_operation
from api.openapi.operation_parts import FILE_TEXT, HEADER, answer, content, obj, operation, options
from api.openapi.schemas import Json, cell_schemas, ref, split_frame_schema
from api.openapi.schemas import prediction_schema as one_answer
from api.protocols.predict import ANSWER_KEYS, QUERY_FLAGS
from model.runtime.base import Model
from model.schema.signature import Feature

TAG = "Scoring"


def paths(model: Model) -> Json:
    """Return the paths for this model as the default one."""
    found: Json = {"/score": {"post": score_operation(model)}, "/predict": {"post": predict_operation(model)}}
    # A feature with the name of a flag could not be given in the query.
    if not frozenset(QUERY_FLAGS).intersection(model.signature.names):
        found["/predict"]["get"] = predict_query(model)
    found["/predict_file"] = {"post": predict_file(model)}
    if len(model.signature.targets) == 1:
        found["/explain"] = {"post": explain_operation(model, TAG)}
    return found


def score_operation(model: Model) -> Json:
    """Describe POST /score."""
    shown = example(model)
    body = content(obj({"X": ref(model, "rows")}), {"by position": {"X": [shown.row]}, "by name": {"X": [shown.named]}})
    texts = "Score rows", f"Uses {model.name}. Rows are given by position or by name, one or many."
    answers = _answers(model, "score")
    return operation("score", TAG, texts, family="service", answers=answers, body=body, parameters=options(model))


def _answers(model: Model, key: str) -> Json:
    return content(answer(model, {key: ref(model, "answers")}), {"one row": {key: example(model).predictions}})


def predict_operation(model: Model) -> Json:
    """Describe POST /predict."""
    shown = example(model)
    keys = {key: answer_key for key, answer_key in ANSWER_KEYS.items() if key not in model.signature.names}
    examples: Json = {key: {key: [shown.row]} for key in keys if not key.startswith("dataframe")}
    examples["dataframe_split"] = {"dataframe_split": shown.split}
    examples["dataframe_records"] = {"dataframe_records": [shown.named]}
    examples["a record"] = shown.named
    examples["a list of records"] = [shown.named]
    examples = {name: value for name, value in examples.items() if name in keys or name.startswith("a ")}
    forms = [obj({key: split_frame_schema(model) if key == "dataframe_split" else ref(model, "rows")}) for key in keys]
    many = {"type": "array", "items": ref(model, "record")}
    keys_text = ", ".join(f"{answer_key} for {key}" for key, answer_key in keys.items())
    text = (
        f"Uses {model.name}. The key of the rows decides the key of the answers: {keys_text}; prediction for "
        f"a list of records. One bare record is answered under {', '.join(t.name for t in model.signature.targets)}."
    )
    return operation(
        "predict",
        TAG,
        ("Score rows under the caller's own key", text),
        family="predict",
        answers=_predict_answers(model),
        body=content({"oneOf": [*forms, ref(model, "record"), many]}, examples),
        parameters=options(model),
    )


def _predict_answers(model: Model) -> Json:
    shown = example(model)
    targets = model.signature.targets
    bare = one_answer(model)
    each = [bare] if len(targets) == 1 else bare["prefixItems"]
    named = {target.name: schema for target, schema in zip(targets, each, strict=True)}
    values = [shown.prediction] if len(targets) == 1 else shown.prediction
    keys = sorted({*ANSWER_KEYS.values()})
    schema = {"anyOf": [*(answer(model, {key: ref(model, "answers")}) for key in keys), answer(model, named)]}
    examples: Json = {key: {key: shown.predictions} for key in keys}
    examples["a record"] = {target.name: value for target, value in zip(targets, values, strict=True)}
    return content(schema, examples)


def predict_query(model: Model) -> Json:
    """Describe GET /predict."""
    fields = [_field(*each) for each in cell_schemas(model)]
    texts = "Score one row from the query", f"Uses {model.name}. An empty value is a missing one."
    answers = _answers(model, "prediction")
    return operation(
        "predict_query",
        TAG,
        texts,
        family="predict",
        answers=answers,
        body=None,
        parameters=[*fields, *options(model)],
    )


def _field(feature: Feature, schema: Json) -> Json:
    kept = {key: value for key, value in schema.items() if key not in ("description", "examples")}
    if feature.missing:
        # A query has no null; an empty value is a missing one.
        kinds = [kind for kind in schema["type"] if kind != "null"]
        kept["type"] = kinds[0] if len(kinds) == 1 else kinds
    shown = {"name": feature.name, "in": "query", "required": True, "schema": kept, "example": schema["examples"][0]}
    shown |= {"description": schema["description"]} if "description" in schema else {}
    return {**shown, "allowEmptyValue": True} if feature.missing else shown


def predict_file(model: Model) -> Json:
    """Describe POST /predict_file."""
    file = {"type": "string", "format": "binary", "contentMediaType": "text/csv"}
    body = {
        "multipart/form-data": {"schema": obj({"file": file}), "encoding": {"file": {"contentType": "text/csv"}}},
        **content({"type": "string"}, {"a file": example(model).csv}, "text/csv"),
    }
    added = ", ".join(model.signature.prediction_names)
    answers = {
        **_answers(model, "predictions"),
        "text/csv": {"schema": {"type": "string", "description": f"The same file with {added}."}},
    }
    text = f"Uses {model.name}. {FILE_TEXT}"
    texts = "Score a CSV file", text
    return operation(
        "predict_file", TAG, texts, family="predict", answers=answers, body=body, parameters=[HEADER, *options(model)]
    )
