"""A bundle on disk is whole and unchanged, or it is refused in one sentence."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import bundle
from model.bundle import DEFAULT_ROOT, BundleError, names, read, write
from model.manifest import Golden, Manifest, readable
from model.signature import Feature


def refusal(folder, name="iris"):
    with pytest.raises(BundleError) as raised:
        read(folder, name)
    said = str(raised.value)
    assert "\n" not in said
    return said


def manifest_of(folder):
    return folder / "iris" / "manifest.json"


def edit(folder, **changes):
    """Change the manifest by hand, and stamp it as an attacker with our code would."""
    found = msgspec.json.decode(manifest_of(folder).read_bytes(), type=Manifest)
    manifest_of(folder).write_bytes(readable(msgspec.structs.replace(found, **changes).stamped()))


def test_what_is_written_is_read_back(tmp_path):
    found = read(DEFAULT_ROOT, "iris")
    written = write(tmp_path, found.manifest, found.files)
    assert written == found.manifest
    again = read(tmp_path, "iris")
    assert (again.manifest, again.files) == (found.manifest, found.files)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (tmp_path / "iris").iterdir()}
    assert set(modes.values()) == {0o644}
    assert stat.S_IMODE((tmp_path / "iris").stat().st_mode) == 0o755


def test_the_version_is_a_digest_of_everything(tmp_path):
    found = read(DEFAULT_ROOT, "iris")
    other = write(tmp_path, msgspec.structs.replace(found.manifest, title="Other"), found.files)
    third = write(tmp_path, found.manifest, found.files | {"model.onnx": b"other"}, replace=True)
    assert len({found.manifest.version, other.version, third.version}) == 3


def link(path, target):
    path.unlink()
    path.symlink_to(target)


SPOILED = {
    "cut short": (lambda b: manifest_of(b).write_bytes(manifest_of(b).read_bytes()[:99]), "is not a bundle's manifest"),
    "not JSON": (lambda b: manifest_of(b).write_text("hello"), "is not a bundle's manifest"),
    "not text": (lambda b: manifest_of(b).write_bytes(b"\xff\xfe"), "is not a bundle's manifest"),
    "another shape": (lambda b: manifest_of(b).write_text("{}"), "is not a bundle's manifest"),
    "another format": (lambda b: edit(b, format=2), "the manifest has format 2"),
    "another's": (lambda b: edit(b, name="wine"), "belongs to a bundle named 'wine'"),
    "no manifest": (lambda b: manifest_of(b).unlink(), "manifest.json is missing"),
    "no pickle": (lambda b: (b / "iris" / "model.joblib").unlink(), "model.joblib is missing"),
    "linked file": (lambda b: link(b / "iris" / "model.onnx", b / "wine" / "model.onnx"), "is a link"),
    "linked manifest": (lambda b: link(manifest_of(b), b / "wine" / "manifest.json"), "is a link"),
    "up and away": (lambda b: edit(b, files={"../../etc/passwd": "0" * 64}), "is no file of a bundle"),
    "absolute": (lambda b: edit(b, files={"/etc/passwd": "0" * 64}), "is no file of a bundle"),
    "nothing to serve": (lambda b: edit(b, files={}), "runtime onnx but names no model.onnx"),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_spoiled_bundle_is_refused(fault, bundles):
    spoil, said = SPOILED[fault]
    spoil(bundles)
    assert said in refusal(bundles)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_plain_files_are_read(make, bundles):
    (bundles / "iris" / "model.onnx").unlink()
    make(bundles / "iris" / "model.onnx")
    assert "model.onnx" in refusal(bundles)


@given(st.integers(0, 10**9), st.sampled_from(["manifest.json", "model.joblib", "model.onnx"]), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, place, file, change):
    folder = tmp_path_factory.mktemp("changed")
    (folder / "iris").mkdir()
    for each in ("manifest.json", "model.joblib", "model.onnx"):
        content = bytearray((DEFAULT_ROOT / "iris" / each).read_bytes())
        if each == file:
            content[place % len(content)] ^= change
        (folder / "iris" / each).write_bytes(content)
    try:
        found = read(folder, "iris").manifest
    except BundleError:
        return
    # White space between the manifest's values means nothing.
    assert file == "manifest.json"
    assert found == read(DEFAULT_ROOT, "iris").manifest


def test_a_linked_folder_is_refused(bundles):
    (bundles / "mine").symlink_to(bundles / "iris")
    assert "there is no bundle 'mine'" in refusal(bundles, "mine")


@pytest.mark.parametrize("name", ["../iris", "iris/", "Iris", ".iris", "", "iris\n", "-a", "a" * 64, "ïris"])
def test_a_name_cannot_leave_the_folder(name):
    assert "is not a bundle's name" in refusal(DEFAULT_ROOT, name)


def test_writing_respects_what_is_there(bundles):
    found = read(bundles, "iris")
    with pytest.raises(BundleError, match="is taken"):
        write(bundles, found.manifest, found.files)
    changed = msgspec.structs.replace(found.manifest, title="New")
    assert write(bundles, changed, found.files, replace=True).version == read(bundles, "iris").manifest.version
    assert sorted(entry.name for entry in bundles.iterdir()) == sorted(names(DEFAULT_ROOT))


@pytest.mark.parametrize("step", range(8))
def test_an_interrupted_write_leaves_the_old_bundle_whole(step, bundles, monkeypatch):
    """Interrupt each of the steps that touch the disk: the bundle is the old one or the new one, never half."""
    found = read(bundles, "iris")
    changed = msgspec.structs.replace(found.manifest, title="New")
    done = []

    def interrupting(function):
        def call(*args, **kwargs):
            done.append(function)
            if len(done) == step:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return call

    for function in ("write_bytes", "rename"):
        monkeypatch.setattr(Path, function, interrupting(getattr(Path, function)))
    with suppress(KeyboardInterrupt):
        write(bundles, changed, found.files, replace=True)
    monkeypatch.undo()
    assert read(bundles, "iris").manifest.title in (found.manifest.title, "New")
    assert sorted(entry.name for entry in bundles.iterdir()) == sorted(names(DEFAULT_ROOT))


texts = st.text(max_size=20)


@given(st.lists(texts, min_size=1, max_size=4, unique=True), st.lists(st.floats(allow_nan=False), max_size=5), texts)
def test_the_readable_manifest_says_the_same(labels, numbers, text):
    manifest = read(DEFAULT_ROOT, "iris").manifest
    features = tuple(Feature(name=label, type="string", categories=(text, "[1, 2]")) for label in labels)
    changed = msgspec.structs.replace(
        manifest,
        title=text,
        signature=msgspec.structs.replace(manifest.signature, features=features),
        golden=Golden(rows=(tuple(numbers), (text, None)), predict=(text,)),
    )
    assert json.loads(readable(changed)) == json.loads(msgspec.json.encode(changed))


def test_an_unreadable_folder_is_said(tmp_path):
    with pytest.raises(BundleError, match="no bundles' folder"):
        names(tmp_path / "none")
    assert bundle.root() == Path(os.environ.get("BUNDLES") or DEFAULT_ROOT)
