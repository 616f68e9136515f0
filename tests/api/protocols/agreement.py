"""One row of hostile values, and every way to send it: by each protocol, to each runtime, alone and in batches."""

import json
from dataclasses import replace as copy_of
from functools import cache

import msgspec
from hypothesis import strategies as st

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.bundle.files import DEFAULT_ROOT, ONNX, PICKLE, read
from model.runtime.estimator import Estimator, unpickle
from model.runtime.load import load
from model.runtime.onnx import OnnxModel
from model.runtime.scikit_learn import SklearnModel
from tests.differential import channels, tensors
from tests.differential.channels import Channel
from tests.helpers.server import Client

RUNTIMES = ("compact", "onnx", "scikit-learn")
REFUSED = "refused"
WHOLE = (0, 1, -1, 2**24 + 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**60, 2**63, 2**64 + 1, 10**23, 10**30, 10**400)
DECIMAL = (-0.0, 0.5, 5e-324, 1e-45, 2.0**53 + 2, 1e15, 3.4028234e38, 3.5e38, 1e39, 1e300, 1.7e308)
TEXTS = (
    "x", " ", "nan", "NaN", "null", "true", "5", "\ufdd0", "\ufdd0x", "\ufdd1", "\uffff", "\U0010ffff", "\ufeffx",
    "a\x00b", "e\u0301", "\u0130", "🙂", 'a"b', '"', "a,b", "a;b", "a\nb", "a\r\nb", ":", "\u2028", "x" * 3000, "",
)  # fmt: skip
NEITHER = (True, False, None, [], {}, [1, 2], {"a": 1}, [[]], [None, None])
HOSTILE = WHOLE + DECIMAL + TEXTS + NEITHER


def model_of(name, runtime):
    """Return a committed model as this runtime serves it."""
    bundle = read(DEFAULT_ROOT, name)
    manifest = bundle.manifest
    if runtime == "compact":
        return load(bundle)
    if runtime == "onnx":
        return OnnxModel(manifest, bundle.files[ONNX])
    # With the copy's limit: what is larger was proven for no copy, and scikit-learn alone would answer it.
    form = msgspec.structs.replace(manifest.fallback, limit=manifest.input.limit)
    return SklearnModel(msgspec.structs.replace(manifest, input=form), unpickle(bundle.files[PICKLE]))


class Served:
    """A service in this process, as the channels of the differential tests call it."""

    def __init__(self, name, runtime):
        self.model = model_of(name, runtime)
        application, _ = build(Settings(model=(name,)), [self.model], Log("error"))
        self.texts = {feature.name for feature in self.model.signature.features if feature.type == "string"}
        self._client, self._path = Client(application), f"/models/{name}"

    def ask(self, method, path, body=b"", content_type="application/json", **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.ask(
            method, path.replace("/models/case", self._path), body, given | {"Content-Type": content_type}
        )


@cache
def served(name, runtime):
    return Served(name, runtime)


@cache
def estimator(name):
    bundle = read(DEFAULT_ROOT, name)
    return Estimator(unpickle(bundle.files[PICKLE]), bundle.manifest.signature, bundle.manifest.fallback)


def usual(name):
    """Return rows that every runtime answers."""
    signature = served(name, "compact").model.signature
    return [dict(zip(signature.names, row, strict=True)) for row in served(name, "compact").model.manifest.golden.rows]


def hostile_rows(name):
    """Return a strategy for rows of which one value, two or all are hostile."""
    values = st.sampled_from(HOSTILE) | st.integers() | st.floats(-1e6, 1e6) | st.text(max_size=5)
    places = st.dictionaries(st.sampled_from(list(usual(name)[0])), values, min_size=1, max_size=3)
    return st.builds(lambda row, changes: row | changes, st.sampled_from(usual(name)), places)


def _only(*kinds):
    """Leave out rows whose values a form cannot tell from others."""
    return lambda rows: [row for row in rows if all(type(value) in kinds for value in row.values())]


def _in_text(texts):
    """Leave out what a cell of text cannot tell from something else: 5 from "5", nothing from "", NUL at all."""

    def fits(name, value):
        if name in texts:
            return value is None or (type(value) is str and value != "" and "\x00" not in value)
        return value is None or type(value) in (int, float)

    return lambda rows: [row for row in rows if all(fits(*cell) for cell in row.items())]


def _infer(service, rows, inputs):
    return service.ask("POST", tensors.PATH, {"id": "x", "inputs": inputs})


def _v2_columns(service, rows):
    """Send each value as it is, under the datatype that the metadata declares."""
    kinds = {name: "BYTES" if name in service.texts else "FP64" for name in rows[0]}
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    inputs = [{"name": n, "shape": [len(rows)], "datatype": kinds[n], "data": v} for n, v in columns.items()]
    return _infer(service, rows, inputs)


def _v2_matrix(service, rows):
    cells = [value for row in rows for value in row.values()]
    tensor = {"name": "X", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": cells}
    return _infer(service, rows, [tensor])


def _event(service, rows):
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"instances": rows}}
    return service.ask("POST", channels.V1, event, content_type="application/cloudevents+json")


_EVENT = Channel("event", _event, "predictions")


@cache
def ways(name):
    """Return the channels for this model, each with the rows that it can hold; the first one is the measure."""
    texts = served(name, "compact").texts
    found = [
        copy_of(each, takes=_in_text(texts)) if each.takes is channels._in_csv else each
        for each in (*channels.MANY, *channels.ONLY_ALONE, *channels.ALONE)
        if not each.name.startswith("v2 ")
    ]
    numbers = _only(int, float, type(None))
    typed = [each for each in channels.MANY if each.name == "v2 columns"]
    found += [copy_of(each, takes=lambda rows: tensors.in_columns(_in_text(texts)(rows))) for each in typed]
    typed = [each for each in channels.MANY if each.name == "v2 binary columns"]
    found += [copy_of(each, takes=lambda rows: tensors.in_binary(_in_text(texts)(rows))) for each in typed]
    found += [Channel("v2 as it is", _v2_columns, "tensor"), _EVENT]
    if not texts:
        found += [Channel("v2 matrix as it is", _v2_matrix, "tensor")]
        typed = [each for each in channels.MANY if each.name in ("v2 matrix", "v2 binary matrix")]
        found += [copy_of(each, takes=lambda rows: tensors.in_matrix(numbers(rows))) for each in typed]
    return found


ONE_ONLY = frozenset(each.name for each in (*channels.ONLY_ALONE, *channels.ALONE))


def outcome(channel, service, rows):
    """Return the answers to these rows, or that they were refused, in the shape that errors have."""
    answer = channel.send(service, rows)
    assert answer.status in (200, 400, 413, 422), (channel.name, answer.status, answer.body[:300])
    if answer.status == 200:
        if channel.name == "event":
            return json.loads(answer.body)["data"]["predictions"]
        return channel.read(answer)[0]
    assert json.loads(answer.body).keys() & {"error", "message", "data"}, answer.body
    return REFUSED
