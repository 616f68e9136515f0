"""A pickle is code: whatever is done to a bundle, its pickle runs only while its digest stands in a whole manifest."""

import hashlib
import json
import pickle
from contextlib import suppress
from pathlib import Path

import joblib
import msgspec
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from api.settings import SettingsError, from_environment
from model.bundle.files import DEFAULT_ROOT, NAME, BundleError, read
from model.bundle.manifest import Manifest
from model.check import load_verified

IRIS = json.loads((DEFAULT_ROOT / "iris" / "manifest.json").read_text())
ONNX = (DEFAULT_ROOT / "iris" / "model.onnx").read_bytes()


class Evil:
    """When it is unpickled, a file is there."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def written(marker, form):
    path = marker.with_name("evil")
    if form == "pickle":
        path.write_bytes(pickle.dumps(Evil(marker)))
    else:
        joblib.dump(Evil(marker), path, compress=form)
    return path.read_bytes()


hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
DIGESTS = {
    "right": lambda digest: digest,
    "upper": str.upper,
    "padded": lambda digest: digest + " ",
    "cut": lambda digest: digest[:-1],
    "empty": lambda _: "",
    "another": lambda _: IRIS["files"]["model.onnx"],
    "null": lambda _: None,
    "list": lambda digest: [digest],
    "missing": None,
}
whole = {"digest": "right", "runtime": "sklearn", "key": "model.joblib", "stamp": True, "flip": None}


@given(
    form=st.sampled_from(["pickle", 0, ("zlib", 3), ("gzip", 1)]),
    digest=st.sampled_from(list(DIGESTS)) | hexes,
    runtime=st.sampled_from(["sklearn", "onnx", "", "pickle"]) | st.text(max_size=5),
    key=st.sampled_from(["model.joblib", "./model.joblib", "../iris/model.joblib", "MODEL.JOBLIB", "model.joblib\0"]),
    stamp=st.booleans() | st.text(max_size=12),
    flip=st.none() | st.tuples(st.integers(0, 10_000), st.integers(1, 255)),
    more=st.dictionaries(
        st.sampled_from(["name", "format", "requires", "reason", "x"]), st.none() | st.text(max_size=3)
    ),
)
@example(form="pickle", more={}, **whole)
@example(form=("zlib", 3), more={}, **whole)
@example(form="pickle", more={}, **whole | {"flip": (20, 1)})
@example(form="pickle", more={}, **whole | {"stamp": False})
@example(form="pickle", more={}, **whole | {"digest": "missing"})
@example(form="pickle", more={}, **whole | {"digest": "another"})
@example(form="pickle", more={}, **whole | {"digest": "upper"})
@example(form="pickle", more={}, **whole | {"digest": "cut"})
@example(form="pickle", more={}, **whole | {"runtime": "onnx"})
def test_no_pickle_runs_unless_its_digest_stands_in_the_manifest(
    tmp_path_factory, form, digest, runtime, key, stamp, flip, more
):
    folder = tmp_path_factory.mktemp("gate")
    marker = folder / "ran"
    content = bytearray(written(marker, form))
    packed = hashlib.sha256(content).hexdigest()
    if flip is not None:
        content[flip[0] % len(content)] ^= flip[1]
    declared = DIGESTS[digest](packed) if callable(DIGESTS.get(digest)) else digest
    files = {"model.onnx": IRIS["files"]["model.onnx"]} | ({} if digest == "missing" else {key: declared})
    manifest = IRIS | {"requires": {}, "runtime": runtime, "files": files} | more
    if stamp is True:
        with suppress(msgspec.DecodeError):
            manifest = json.loads(msgspec.json.encode(msgspec.convert(manifest, Manifest).stamped()))
    elif stamp:
        manifest["version"] = stamp
    (folder / "iris").mkdir()
    (folder / "iris" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "iris" / "model.onnx").write_bytes(ONNX)
    (folder / "iris" / "model.joblib").write_bytes(content)
    # Served by its compiled copy it is good, and its pickle is not looked at.
    with suppress(BundleError):
        load_verified(folder, "iris")
    good = (flip, declared, key, runtime, stamp) == (None, packed, "model.joblib", "sklearn", True)
    event("it was opened" if marker.exists() else "it was not opened")
    assert good or not marker.exists()
    assert not good or more or marker.exists()


odd = st.lists(
    st.sampled_from(
        ["..", ".", "/", "\\", "\0", "%2e", "%2f", "iris", "-", "\n", "~", "ﬁ", "／", "．．", "$HOME", "*"]
    ),
    max_size=6,
).map("".join)


@given(st.text(max_size=70) | odd)
def test_no_name_leads_out_of_the_folder(tmp_path_factory, name):
    inside = tmp_path_factory.mktemp("names") / "inside"
    inside.mkdir()
    (inside.parent / "manifest.json").write_text("{}")
    with pytest.raises(BundleError) as refused:
        read(inside, name)
    assert "\0" not in str(refused.value)
    assert "manifest" not in str(refused.value)
    with suppress(SettingsError):
        assert all(NAME.fullmatch(each) for each in from_environment({"MODEL": name}).model)
