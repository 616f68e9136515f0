"""JSON schemas of what a model takes and answers: they rule out what the model refuses, and nothing else."""

from __future__ import annotations

from typing import Any

from api.openapi.examples import example
from model.runtime.load import Model
from model.schema.signature import Feature, Target

Json = dict[str, Any]

_TAKES = {"number": ["number"], "integer": ["number"], "boolean": ["boolean", "number"], "string": ["string"]}
_SHOWN_CATEGORIES = 12


def ref(model: Model, part: str) -> Json:
    """Point at one of a model's components; no model's name holds a dot, so none can be taken for another's."""
    return {"$ref": f"#/components/schemas/{model.name}.{part}"}


def components(model: Model) -> Json:
    """Return the schemas of a model's rows and answers under the names that ref points at."""
    parts = {"rows": rows(model), "list": many(model), "values": values(model), "record": record(model)}
    parts["answers"] = answers(model)
    if model.signature.proba:
        parts["probabilities"] = probabilities(model)
    if titled(model):
        parts["labels"] = labels(model)
    return {f"{model.name}.{part}": schema for part, schema in parts.items()}


def titled(model: Model) -> bool:
    """Tell whether labels can be asked for."""
    return all(target.classes is not None for target in model.signature.targets)


def value(feature: Feature, sample: Any) -> Json:
    """Return the schema of one value."""
    takes = [*_TAKES[feature.type], *(["null"] if feature.missing else [])]
    shown: Json = {"type": takes if len(takes) > 1 else takes[0]}
    if feature.closed:
        shown["enum"] = [*(feature.categories or ()), *([None] if feature.missing else [])]
    if said := said_of(feature):
        shown["description"] = said
    return {**shown, "examples": [sample]}


def said_of(feature: Feature) -> str:
    """Say what is known of a feature: its unit, and what training showed it."""
    said = [] if feature.unit is None else [feature.unit]
    if feature.low is not None and feature.high is not None:
        said.append(f"training saw {feature.low:g} to {feature.high:g}")
    if feature.categories and not feature.closed:
        known = [str(category) for category in feature.categories[:_SHOWN_CATEGORIES]]
        more = len(feature.categories) - len(known)
        said.append(f"training saw {', '.join(known)}{f' and {more} more' if more else ''}; others are taken too")
    return "; ".join(said)


def cells(model: Model) -> list[tuple[Feature, Json]]:
    """Pair each feature with the schema of its value."""
    return [(f, value(f, sample)) for f, sample in zip(model.signature.features, example(model).row, strict=True)]


def record(model: Model) -> Json:
    """Return the schema of a row by name."""
    return {
        "description": f"One row for {model.name}, by name.",
        "type": "object",
        "required": list(model.signature.names),
        "additionalProperties": False,
        "properties": {feature.name: schema for feature, schema in cells(model)},
    }


def values(model: Model) -> Json:
    """Return the schema of a row by position."""
    width = len(model.signature.features)
    return {
        "description": f"One row for {model.name}, by position.",
        "type": "array",
        "minItems": width,
        "maxItems": width,
        "prefixItems": [{"title": feature.name, **schema} for feature, schema in cells(model)],
    }


def rows(model: Model) -> Json:
    """Return the schema of one row or many, in either way."""
    return {"description": "One row, or a list of rows.", "anyOf": [ref(model, "record"), ref(model, "list")]}


def many(model: Model) -> Json:
    """Return the schema of a list: one row's values, or rows in either way."""
    one = [ref(model, "values"), ref(model, "record")]
    if len(model.signature.features) == 1:
        one.append(cells(model)[0][1])
    listed = {"type": "array", "items": {"anyOf": one}}
    return {"description": "One row by position, or a list of rows.", "anyOf": [ref(model, "values"), listed]}


def frame(model: Model) -> Json:
    """Return the schema of a data frame in pandas' split form."""
    columns = {"type": "array", "items": {"enum": list(model.signature.names)}, "uniqueItems": True}
    data = {"type": "array", "items": {"type": "array"}}
    return {"type": "object", "required": ["columns", "data"], "properties": {"columns": columns, "data": data}}


def answers(model: Model) -> Json:
    """Return the schema of the predictions."""
    return {"description": "One prediction a row.", "type": "array", "items": answer(model)}


def answer(model: Model) -> Json:
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
    each = [_chances(target) for target in model.signature.targets]
    items = each[0] if len(each) == 1 else _tuple(each)
    return {"description": "Where proba was asked for: one list a row.", "type": "array", "items": items}


def _chances(target: Target) -> Json:
    classes = target.classes or ()
    said = f"In the order {', '.join(map(str, classes))}."
    number = {"type": "number"}
    return {"description": said, "type": "array", "minItems": len(classes), "maxItems": len(classes), "items": number}


def labels(model: Model) -> Json:
    """Return the schema of what people call the predicted classes."""
    each: list[Json] = [{"enum": list(t.titles or map(str, t.classes or ()))} for t in model.signature.targets]
    items = each[0] if len(each) == 1 else _tuple(each)
    return {"description": "Where labels was asked for: one name a row.", "type": "array", "items": items}


def _tuple(each: list[Json]) -> Json:
    return {"type": "array", "minItems": len(each), "maxItems": len(each), "prefixItems": each}
