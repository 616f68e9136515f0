"""A manifest that was edited, and its digest computed again, is refused in one sentence, or does no harm."""

import io
import json
import re
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from api.telemetry.prometheus import exposition
from model.bundle.files import DEFAULT_ROOT, BundleError, read
from model.bundle.manifest import Manifest, readable
from model.check import load_verified
from tests.helpers.server import Client

SAMPLES = ("iris", "churn", "wine")
MANIFESTS = {name: (DEFAULT_ROOT / name / "manifest.json").read_bytes() for name in SAMPLES}


def restamp(folder, name, content):
    """Write a bundle with this manifest, with a digest that is right; a ValidationError if that has no such shape."""
    manifest = msgspec.convert(content, Manifest).stamped()
    (folder / name).mkdir()
    for file in read(DEFAULT_ROOT, name).files:
        (folder / name / file).write_bytes((DEFAULT_ROOT / name / file).read_bytes())
    (folder / name / "manifest.json").write_bytes(readable(manifest))


def decoded(name):
    return json.loads(MANIFESTS[name])


def at(manifest, path):
    for step in path[:-1]:
        manifest = manifest[step]
    return manifest, path[-1]


def replaced(*path, by):
    def edit(manifest):
        holder, last = at(manifest, path)
        holder[last] = by(holder[last]) if callable(by) else by

    return edit


REFERENCE, SIGNATURE, EVALUATION = ("reference", "features"), ("signature",), ("evaluation",)
RANGES, FEATURE = decoded("iris")["reference"]["features"]["petal_width"], decoded("iris")["signature"]["features"][0]
EDITS = {
    "a count less": ("iris", replaced(*REFERENCE, "sepal_width", "counts", by=lambda counts: counts[1:])),
    "edges that fall": ("iris", replaced(*REFERENCE, "sepal_width", "edges", by=lambda edges: edges[::-1])),
    "a negative count": ("iris", replaced(*REFERENCE, "sepal_width", "counts", 0, by=-1)),
    "a count without end": ("iris", replaced(*REFERENCE, "sepal_width", "missing", by=10**30)),
    "no histogram": ("iris", replaced(*REFERENCE, by=lambda features: dict(list(features.items())[1:]))),
    "ranges of a category": ("churn", replaced(*REFERENCE, "contract", by=RANGES)),
    "another category": ("churn", replaced(*REFERENCE, "contract", "categories", 0, by="daily")),
    "no predictions": ("iris", replaced("reference", "predictions", by=[])),
    "classes of another order": ("churn", replaced("reference", "predictions", 0, "categories", by=["yes", "no"])),
    "a renamed feature": ("iris", replaced(*SIGNATURE, "features", 0, "name", by="width")),
    "the same feature twice": ("iris", replaced(*SIGNATURE, "features", 1, by=FEATURE)),
    "a class more": ("iris", replaced(*SIGNATURE, "targets", 0, "classes", by=[0, 1, 2, 3])),
    "a class less": ("iris", replaced(*SIGNATURE, "targets", 0, "classes", by=[0, 1])),
    "a title less": ("iris", replaced(*SIGNATURE, "targets", 0, "titles", by=["a", "b"])),
    "bounds that cross": ("iris", replaced(*SIGNATURE, "features", 0, "low", by=99.0)),
    "a typical text": ("iris", replaced(*SIGNATURE, "features", 0, "typical", by="x")),
    "a golden row less": ("iris", replaced("golden", "rows", by=lambda rows: rows[1:])),
    "a golden row that is short": ("iris", replaced("golden", "rows", 0, by=[1.0])),
    "an answer that is none": ("wine", replaced("golden", "predict", 0, by="good")),
    "a class that is none": ("iris", replaced("golden", "predict", 0, by=7)),
    "a probability less": ("iris", replaced("golden", "proba", 0, 0, by=[0.5, 0.5])),
    "confusion of two": ("iris", replaced(*EVALUATION, "confusion", by=[[1, 2], [3, 4]])),
    "a balance of two": ("iris", replaced(*EVALUATION, "balance", by=[1, 2])),
    "calibration beyond one": ("iris", replaced(*EVALUATION, "calibration", by=[[2.0, 0.5, 3]])),
    "importance of nothing": ("iris", replaced(*EVALUATION, "importance", by={"nothing": 1.0})),
    "a speed below zero": ("iris", replaced("speed", "onnx", "row", by=-1.0)),
    "a proof that failed": ("iris", replaced("parity", "differing_labels", by=3)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "edit"), EDITS.values(), ids=EDITS)
def test_a_manifest_that_contradicts_itself_is_refused_in_one_sentence(name, edit, tmp_path):
    manifest = decoded(name)
    edit(manifest)
    restamp(tmp_path, name, manifest)
    with pytest.raises(BundleError) as raised:
        read(tmp_path, name)
    assert re.fullmatch(rf"{name}: manifest\.json contradicts itself: [^\n]+", str(raised.value))


def paths_of(value, path=()):
    """Return the path of everything within a manifest that may be edited and still serve."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value[:4]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from paths_of(part, (*path, key))


PATHS = {
    name: [path for path in paths_of(decoded(name)) if len(path) > 1 and path[0] not in ("files", "requires")]
    for name in SAMPLES
}
others = st.none() | st.booleans() | st.sampled_from([0, -1, 7, 10**30, 1e308, -1e308, 0.5, "", "\u202e<b>", [], {}])


def spoil(value, data):
    """Return another value: of a list or an object, one that lacks an item, or has one twice, or in another order."""
    if isinstance(value, list) and value:
        return data.draw(st.sampled_from([value[1:], value * 2, value[::-1], value[:1], []]))
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        gone = data.draw(st.sampled_from(sorted(value)))
        return {key: each for key, each in value.items() if key != gone}
    return data.draw(others)


@settings(max_examples=80)
@given(st.sampled_from(SAMPLES), st.data())
def test_any_restamped_manifest_is_refused_or_harmless(tmp_path_factory, name, data):
    folder, manifest = tmp_path_factory.mktemp("restamped"), decoded(name)
    holder, last = at(manifest, data.draw(st.sampled_from(PATHS[name])))
    holder[last] = spoil(holder[last], data)
    try:
        restamp(folder, name, manifest)
    except (msgspec.ValidationError, TypeError):
        return
    try:
        served = load_verified(folder, name)
    except BundleError:
        return
    _require_harmless(served, load_verified(DEFAULT_ROOT, "purchase"))


def _require_harmless(served, neighbour):
    """Assert that no route fails, and that the neighbour's metrics are whole."""
    log = io.StringIO()
    client = Client(*build(Settings(feedback_capacity=9), [served, neighbour], Log("info", log)))
    row = decoded(served.name)["golden"]["rows"][0]
    for body in ({"instances": [row]}, {"instances": [row] * 3}):
        answer = client.post(f"/v1/models/{served.name}:predict?labels=1", body)
        assert answer.status < 500, log.getvalue()
        client.post("/feedback", {"request_id": answer.headers["x-request-id"], "truth": 0})
    assert client.post(f"/v1/models/{served.name}:explain", {"instances": [row]}).status < 500, log.getvalue()
    fields = urlencode({"model": served.name, **dict(zip(served.signature.names, map(str, row), strict=False))})
    for path in ("/", "/model", "/batch", "/openapi.json", f"/prediction?{fields}"):
        assert client.get(f"{path}{'&' if '?' in path else '?'}model={served.name}").status < 500, (
            path,
            log.getvalue(),
        )
    text = exposition(client.service.metrics, "text/plain")[0].decode()
    assert f'request_rows_count{{model="{neighbour.name}"}}' in text
