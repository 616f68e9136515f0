# ruff: noqa: UP031 - bodies are made of braces
"""Every route that takes a body, as the service's own OpenAPI document and docs/serving.md describe them.

A frame is a body with holes: @0 and @1 are filled with what a generator makes, @n with the number of elements in @0.
"""

import json
from dataclasses import dataclass

from tests.hostile_callers.shapes import A_CELL, AN_ELEMENT, FORM_FIELDS, NUMBERS, PARTS

JSON = "application/json"
CSV, FORM = "text/csv", "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=x"
PART = '--x\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n%s\r\n--x--\r\n'
MORE = ("", "?proba=1", "?proba=1&labels=1")


@dataclass(frozen=True)
class Surface:
    """One protocol on one route."""

    name: str
    paths: tuple[str, ...]
    frames: tuple[str, ...]
    atoms: tuple
    """What fills holes: text before, text that is repeated, text after."""
    error: str
    """Whose shape of an error is due."""
    content_type: str = JSON
    queries: tuple[str, ...] = ("",)
    separator: str = ","
    headers: tuple = ()


def atom(value, text=""):
    """Return JSON of a value as an atom; where it is text, that may be made longer."""
    written = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    before, found, after = written.partition(text) if text else (written, "", "")
    return (before, found, after)


def short(row):
    """Return the same row in the fewest bytes."""
    if isinstance(row, dict):
        return {name: short(value) for name, value in row.items()}
    if isinstance(row, list):
        return [short(value) for value in row]
    return 1 if isinstance(row, int | float) else row


def examples(document, path):
    """Return a route's examples by name."""
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
    return {name: each["value"] for name, each in content.items()}


def _rows(document, name):
    """Return a model's row by position and by name."""
    found = examples(document, f"/v1/models/{name}:predict")
    return short(found["instances"]["instances"][0]), short(found["by name"]["instances"][0])


def _listed(keys, row, record):
    """Return frames for lists of rows under these keys: from the whole body down to one cell, and beside a good row."""
    one, first, name = json.dumps(row), json.dumps(row[:-1])[1:-1], next(iter(record))
    cells = f"{first}," if first else ""
    frames = []
    for key in keys:
        within = ("[@0]", "@0", f"[[{cells}@0]]", '[{"%s":@0}]' % name, f"[{one},@0]")
        frames += ['{"%s":%s}' % (key, each) for each in within]
        frames.append('{"%s":[%s],"more":@0}' % (key, one))
    return (*frames, "@0", '{"a":1,@0}')


def _split(record):
    names, others = json.dumps(list(record)), json.dumps([f"not {name}" for name in record])
    return (
        '{"dataframe_split":{"columns":%s,"data":[@0]}}' % names,
        '{"dataframe_split":{"columns":[@0],"data":[@1]}}',
        '{"dataframe_split":{"index":[@1],"columns":%s,"data":[@0]}}' % names,
        '{"dataframe_split":{"columns":%s,"data":[@0]}}' % others,
    )


def _columns(key, record):
    filled = ",".join('"%s":[@0]' % name for name in list(record)[:8])
    return ('{"%s":{%s}}' % (key, filled), '{"%s":{@0}}' % key, '{"%s":{"a":[@0],"b":[@0],"c":[@0],"d":[@0]}}' % key)


def _tensors(row, record):
    """Return frames of V2 requests: rows, many tensors, many outputs, both, and parameters."""
    kind, width = ("BYTES" if isinstance(row[0], str) else "FP64"), len(row)
    many = '{"name":"X","shape":[@n,%d],"datatype":"%s","data":[@0]}' % (width, kind)
    one = many.replace("@n", "1").replace("@0", json.dumps(row)[1:-1])
    each = ['{"name":"%s","shape":[@n,1],"datatype":"%s","data":[@0]}' % (name, kind) for name in list(record)[:8]]
    return (
        '{"inputs":[%s]}' % many,
        '{"inputs":[%s],"outputs":[@1]}' % many,
        '{"inputs":[@0]}',
        '{"inputs":[%s],"outputs":[@0]}' % one,
        '{"id":@0,"inputs":[%s]}' % one,
        '{"parameters":@0,"inputs":[%s]}' % one,
        '{"inputs":[{"name":"X","shape":[@0],"datatype":"FP64","data":[@1]}]}',
        '{"parameters":{"binary_data_output":true},"inputs":[%s],"outputs":[@1]}' % many,
        "@0",
        '{"inputs":[{"name":@0,"shape":[1],"datatype":@1,"data":[1]}]}',
        '{"inputs":[%s],"outputs":[@1]}' % ",".join(each),
        (
            '{"inputs":[{"name":"a","shape":[@n],"datatype":"BYTES","data":[@0]},'
            '{"name":"b","shape":[@n],"datatype":"BYTES","data":[@0]}]}'
        ),
    )


def _outputs(classes):
    named = [{"name": name} for name in ("predict", "predict_proba", "labels", "output-0")]
    best = {"name": "predict_proba", "parameters": {"classification": classes}}
    binary = {"name": "labels", "parameters": {"binary_data": True}}
    return [atom(each) for each in (*named, best, binary)]


def surfaces(document, first, names=("iris", "churn", "echo", "text", "wide")):
    """Return every surface of a service of these models, the first of which is this."""
    rows = {name: _rows(document, name) for name in names}
    found = [*_pathless(*rows[first]), *_files(rows)]
    for name, (row, record) in rows.items():
        found += _of_model(name, row, record)
    return found


def _good(row, record):
    texts = [value for value in row if isinstance(value, str)]
    return (atom(row, texts[0] if texts else ""), atom(record, texts[0] if texts else ""), *AN_ELEMENT)


def _pathless(row, record):
    good = _good(row, record)
    flat = (atom(json.dumps(row)[1:-1]), *good)
    keys = ("input", "data", "instances", "inputs", "dataframe_records")
    mlflow = (*_listed(("dataframe_records", "instances", "inputs"), row, record), *_split(record))
    bare = '{"%s":@0}' % next(iter(record))
    return [
        Surface("score", ("/score",), _listed(("X",), row, record), good, "own", queries=MORE),
        Surface(
            "predict", ("/predict",), (*_listed(keys, row, record), *_split(record), bare), good, "predict",
            queries=MORE
        ),
        Surface("explain", ("/explain",), _listed(("X", "instances"), row, record), good, "own"),
        Surface("invocations", ("/invocations",), mlflow, good, "mlflow", queries=MORE),
        Surface("invocations columns", ("/invocations",), _columns("inputs", record), flat, "mlflow", queries=MORE),
        Surface(
            "feedback", ("/feedback",), ("@0", '{"request_id":@0,"truth":@1}', '{"request_id":"a","truth":[@0]}'),
            AN_ELEMENT, "own"
        ),
        Surface("repository index", ("/v2/repository/index",), ("@0", '{"ready":@0}'), AN_ELEMENT, "error"),
        Surface("form", ("/prediction", "/"), ("@0", "a=@0"), FORM_FIELDS, "page", FORM, separator="&"),
    ]  # fmt: skip


def _files(rows):
    """Return CSV files by both ways of sending, of a narrow model and of a wide one."""
    found = []
    for name in sorted(rows.keys() & {"iris", "text", "wide"}):
        header = ",".join(rows[name][1])
        line = ",".join("1" for _ in rows[name][0]) + "\n"
        csv = (f"{header}\n@0", "@0", "@0\n1,1", f"{header},@0\n1,1", f'{header},more\n{line[:-1]},"@0"\n')
        lines, batch = ((line, "", ""), *A_CELL), (f"/batch?model={name}",)
        form = tuple(PART % each for each in csv)
        found.append(
            Surface(
                f"batch multipart {name}", batch, (*form, "@0"), (*lines, *PARTS), "predict", BOUNDARY, separator=""
            )
        )
        if name == "iris":
            file = ("/predict_file",)
            found += [
                Surface("predict_file", file, csv, lines, "predict", CSV, MORE, separator=""),
                Surface("predict_file multipart", file, form, lines, "predict", BOUNDARY, MORE, separator=""),
                Surface("invocations csv", ("/invocations",), csv, lines, "mlflow", CSV, MORE, separator=""),
            ]
    return found  # fmt: skip


def _of_model(name, row, record):
    """Return the protocols that name a model, for one."""
    good, predict, infer = _good(row, record), (f"/v1/models/{name}:predict",), (f"/v2/models/{name}/infer",)
    listed = _listed(("instances", "inputs"), row, record)
    flat = (atom(json.dumps(row)[1:-1], row[0] if isinstance(row[0], str) else ""), *_outputs(50), *AN_ELEMENT)
    event = {"specversion": "1.0", "id": "1", "type": "a", "source": "b"}
    within = json.dumps(event)[1:-1]
    events = (*('{%s,"data":%s}' % (within, frame) for frame in listed), '{%s,"more":@0}' % within)
    found = [
        Surface(f"v1 {name}", predict, listed, good, "error", queries=MORE),
        Surface(f"v2 {name}", infer, _tensors(row, record), flat, "error"),
    ]
    if name in ("iris", "text"):
        headers = tuple((f"ce-{key}", value) for key, value in event.items())
        found += [
            Surface(f"v1 explain {name}", (f"/v1/models/{name}:explain",), listed, good, "error"),
            Surface(f"cloudevents {name}", predict, events, good, "error", "application/cloudevents+json"),
            Surface(f"cloudevents binary {name}", predict, listed, good, "error", queries=MORE, headers=headers),
        ]
    if name == "echo":
        found.append(Surface("v2 numbers", infer, _tensors(row, record), NUMBERS, "error"))
    return found
