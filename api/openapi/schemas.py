"""JSON schemas of a model's rows and answers: they exclude what the model refuses, and nothing else."""

from __future__ import annotations

from typing import Any

from api.openapi.examples import example
from model.runtime.base import Model
from model.schema.signature import Feature, Target
from model.schema.values import has_zone

Json = dict[str, Any]

_TAKES = {
    "number": ["number"],
    "integer": ["number"],
    "boolean": ["boolean", "number"],
    "string": ["string"],
    "date": ["string"],
}
_SHOWN_CATEGORIES = 12


def ref(model: Model, part: str) -> Json:
    """Point at one of a model's components; a model's name has no dot, so that the names are unique."""
    return {"$ref": f"#/components/schemas/{model.name}.{part}"}


def components(model: Model) -> Json:
    """Return the schemas of a model's rows and answers under the names that ref points at."""
    parts = {
        "rows": rows(model),
        "list": row_or_rows_schema(model),
        "values": row_by_position_schema(model),
        "record": row_by_name_schema(model),
    }
    parts["answers"] = predictions_schema(model)
    if model.signature.proba:
        parts["probabilities"] = probabilities(model)
    if has_labels(model):
        parts["labels"] = labels(model)
    return {f"{model.name}.{part}": schema for part, schema in parts.items()}


def has_labels(model: Model) -> bool:
    """Return whether the model can return labels."""
    return all(target.classes is not None for target in model.signature.targets)


def cell_schema(feature: Feature, sample: Any) -> Json:
    """Return the schema of one value."""
    takes = [*_TAKES[feature.type], *(["null"] if feature.missing else [])]
    shown: Json = {"type": takes if len(takes) > 1 else takes[0]}
    if feature.type == "date":
        shown["format"] = "date-time" if has_zone(feature) else "date"
    if feature.closed or feature.type == "boolean":
        known = feature.categories if feature.closed else (False, True, 0, 1)
        shown["enum"] = [*(known or ()), *([None] if feature.missing else [])]
    if description := describe(feature):
        shown["description"] = description
    return {**shown, "examples": [sample]}


def describe(feature: Feature) -> str:
    """Return a feature's unit, and its values in training."""
    parts = [] if feature.unit is None else [feature.unit]
    if feature.low is not None and feature.high is not None:
        parts.append(f"in training {feature.low:g} to {feature.high:g}")
    if feature.categories and not feature.closed:
        known = [str(category) for category in feature.categories[:_SHOWN_CATEGORIES]]
        more = len(feature.categories) - len(known)
        parts.append(f"in training {', '.join(known)}{f' and {more} more' if more else ''}; others are allowed")
    return "; ".join(parts)


def cell_schemas(model: Model) -> list[tuple[Feature, Json]]:
    """Pair each feature with the schema of its value."""
    return [(f, cell_schema(f, sample)) for f, sample in zip(model.signature.features, example(model).row, strict=True)]


def row_by_name_schema(model: Model) -> Json:
    """Return the schema of a row by name."""
    return {
        "description": f"One row for {model.name}, by name.",
        "type": "object",
        "required": list(model.signature.names),
        "additionalProperties": False,
        "properties": {feature.name: schema for feature, schema in cell_schemas(model)},
    }


def row_by_position_schema(model: Model) -> Json:
    """Return the schema of a row by position."""
    width = len(model.signature.features)
    return {
        "description": f"One row for {model.name}, by position.",
        "type": "array",
        "minItems": width,
        "maxItems": width,
        "prefixItems": [{"title": feature.name, **schema} for feature, schema in cell_schemas(model)],
    }


def rows(model: Model) -> Json:
    """Return the schema of one row or many, by position or by name."""
    return {"description": "One row, or a list of rows.", "anyOf": [ref(model, "record"), ref(model, "list")]}


def row_or_rows_schema(model: Model) -> Json:
    """Return the schema of a list: one row's values, or rows by position or by name."""
    one = [ref(model, "values"), ref(model, "record")]
    if len(model.signature.features) == 1:
        one.append(cell_schemas(model)[0][1])
    listed = {"type": "array", "items": {"anyOf": one}}
    return {"description": "One row by position, or a list of rows.", "anyOf": [ref(model, "values"), listed]}


def split_frame_schema(model: Model) -> Json:
    """Return the schema of a data frame in pandas' split form."""
    columns = {"type": "array", "items": {"enum": list(model.signature.names)}, "uniqueItems": True}
    data = {"type": "array", "items": {"type": "array"}}
    return {"type": "object", "required": ["columns", "data"], "properties": {"columns": columns, "data": data}}


def predictions_schema(model: Model) -> Json:
    """Return the schema of the predictions."""
    each = prediction_schema(model)
    items = _tuple([each]) if model.signature.column else each
    return {"description": "One prediction for each row.", "type": "array", "items": items}


def prediction_schema(model: Model) -> Json:
    """Return the schema of one row's prediction."""
    each = [predicted(target) for target in model.signature.targets]
    return each[0] if len(each) == 1 else _tuple(each)


def predicted(target: Target) -> Json:
    """Return the schema of one target's value."""
    shown: Json = {"title": target.name}
    if target.classes is None:
        return {**shown, "type": "number"}
    if target.titles:
        named = zip(target.classes, target.titles, strict=True)
        shown["description"] = "; ".join(f"{label}: {title}" for label, title in named)
    return {**shown, "enum": list(target.classes)}


def probabilities(model: Model) -> Json:
    """Return the schema of the probabilities, in the order of the classes."""
    each = [_class_probabilities(target) for target in model.signature.targets]
    items = each[0] if len(each) == 1 else _tuple(each)
    return {"description": "Only with proba: one list for each row.", "type": "array", "items": items}


def _class_probabilities(target: Target) -> Json:
    classes = target.classes or ()
    description = f"In the order {', '.join(map(str, classes))}."
    number = {"type": "number"}
    return {
        "description": description,
        "type": "array",
        "minItems": len(classes),
        "maxItems": len(classes),
        "items": number,
    }


def labels(model: Model) -> Json:
    """Return the schema of the titles of the predicted classes."""
    each: list[Json] = [{"enum": list(t.titles or map(str, t.classes or ()))} for t in model.signature.targets]
    items = each[0] if len(each) == 1 else _tuple(each)
    return {"description": "Only with labels: one title for each row.", "type": "array", "items": items}


def _tuple(each: list[Json]) -> Json:
    return {"type": "array", "minItems": len(each), "maxItems": len(each), "prefixItems": each}
