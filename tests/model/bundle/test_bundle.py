"""A bundle on disk is whole and unchanged, or it is refused in one sentence."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.bundle import files as bundle
from model.bundle.files import DEFAULT_ROOT, BundleError, names, read, write
from model.bundle.manifest import Evaluation, Golden, Manifest, readable
from model.schema.signature import Feature

IRIS = read(DEFAULT_ROOT, "iris")
SHIPPED = names(DEFAULT_ROOT)


def iris(**changes):
    return msgspec.structs.replace(IRIS.manifest, **changes)


def refusal(folder, name="iris"):
    with pytest.raises(BundleError) as raised:
        read(folder, name)
    message = str(raised.value)
    assert "\n" not in message
    return message


def manifest_of(folder):
    return folder / "iris" / "manifest.json"


def edit(folder, **changes):
    """Change the manifest by hand, and stamp it as an attacker with our code would."""
    found = msgspec.json.decode(manifest_of(folder).read_bytes(), type=Manifest)
    manifest_of(folder).write_bytes(readable(msgspec.structs.replace(found, **changes).stamped()))


def substitute(folder, old, new):
    text = manifest_of(folder).read_text()
    assert old in text
    manifest_of(folder).write_text(text.replace(old, new))


def link(path, target):
    path.unlink()
    path.symlink_to(target)


def test_what_is_written_is_read_back(tmp_path):
    assert write(tmp_path, IRIS.manifest, IRIS.files) == IRIS.manifest
    assert read(tmp_path, "iris") == IRIS
    assert [entry.name for entry in tmp_path.iterdir()] == names(tmp_path) == ["iris"]
    assert "there is no bundle 'wine'" in refusal(tmp_path, "wine")


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_who_may_read_new_files_may_read_a_new_bundle(mask, tmp_path):
    before = os.umask(mask)
    try:
        write(tmp_path, IRIS.manifest, IRIS.files)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "iris").stat().st_mode) == 0o777 & ~mask
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "iris").iterdir()} == {0o666 & ~mask}


def test_the_version_is_a_digest_of_every_field_but_what_was_measured():
    assert IRIS.manifest.stamped() == IRIS.manifest
    differing = set()
    for other in (read(DEFAULT_ROOT, name).manifest for name in SHIPPED if name != "iris"):
        for field in set(other.__struct_fields__) - {"version", "speed"}:
            changed = iris(**{field: getattr(other, field)})
            assert (changed.stamped().version == IRIS.manifest.version) is (changed == IRIS.manifest)
            differing |= {field} if changed != IRIS.manifest else set()
    assert len(differing) > 10


def test_every_file_counts(tmp_path):
    spoiled = [IRIS.files | {file: b"other"} for file in IRIS.files]
    versions = {write(tmp_path, IRIS.manifest, files, replace=True).version for files in [IRIS.files, *spoiled]}
    assert len(versions) == 1 + len(IRIS.files)


SPOILED = {
    "cut short": (lambda b: manifest_of(b).write_bytes(manifest_of(b).read_bytes()[:99]), "is not a bundle's manifest"),
    "not JSON": (lambda b: manifest_of(b).write_text("hello"), "is not a bundle's manifest"),
    "not text": (lambda b: manifest_of(b).write_bytes(b"\xff\xfe"), "is not a bundle's manifest"),
    "too deep": (lambda b: manifest_of(b).write_bytes(b'{"x": ' + b"[" * 100_000), "is not a bundle's manifest"),
    "another shape": (lambda b: manifest_of(b).write_text("{}"), "is not a bundle's manifest"),
    "two lines": (lambda b: substitute(b, '"runtime": "onnx"', r'"runtime": "a\nb"'), "is not a bundle's manifest"),
    "a changed word": (lambda b: substitute(b, '"Iris species"', '"Iris"'), "was changed after packing"),
    "a changed number": (lambda b: substitute(b, '"low": 4.3', '"low": 4.4'), "was changed after packing"),
    "another format": (
        lambda b: edit(b, format=1),
        "was packed with format 1 and proof 2, this program needs 2 and 2: pack it again",
    ),
    "an older proof": (lambda b: edit(b, proof=1), "`python -m model train iris`"),
    "another's": (lambda b: edit(b, name="wine"), "belongs to a bundle named 'wine'"),
    "no manifest": (lambda b: manifest_of(b).unlink(), "manifest.json is missing"),
    "no pickle": (lambda b: (b / "iris" / "model.joblib").unlink(), "model.joblib is missing"),
    "linked file": (lambda b: link(b / "iris" / "model.onnx", b / "wine" / "model.onnx"), "is a link"),
    "linked manifest": (lambda b: link(manifest_of(b), b / "wine" / "manifest.json"), "is a link"),
    "up and away": (lambda b: edit(b, files={"../../etc/passwd": "0" * 64}), "is no file of a bundle"),
    "absolute": (lambda b: edit(b, files={"/etc/passwd": "0" * 64}), "is no file of a bundle"),
    "nothing to serve": (lambda b: edit(b, files={}), "runtime onnx but names no model.onnx"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_bundle_is_refused(spoil, message, bundles):
    spoil(bundles)
    assert message in refusal(bundles)


@pytest.mark.parametrize("file", ["manifest.json", "model.onnx"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_plain_files_are_read(make, file, bundles):
    (bundles / "iris" / file).unlink()
    make(bundles / "iris" / file)
    assert f"iris: {file} is not a plain file" in refusal(bundles)


@given(st.integers(0, 10**9), st.sampled_from(["manifest.json", *IRIS.files]), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, place, file, change):
    folder = tmp_path_factory.mktemp("changed")
    (folder / "iris").mkdir()
    for each in ("manifest.json", *IRIS.files):
        content = bytearray((DEFAULT_ROOT / "iris" / each).read_bytes())
        if each == file:
            content[place % len(content)] ^= change
        (folder / "iris" / each).write_bytes(content)
    # White space between the manifest's values means nothing, and what was measured is no part of the version.
    with suppress(BundleError):
        found = read(folder, "iris")
        manifest = msgspec.structs.replace(found.manifest, speed=IRIS.manifest.speed)
        assert (file, manifest, found.files) == ("manifest.json", IRIS.manifest, IRIS.files)


def test_a_linked_folder_is_no_bundle_nor_is_what_lies_about(bundles):
    (bundles / "mine").symlink_to(bundles / "iris")
    (bundles / ".iris.abc123").mkdir()
    (bundles / "notes").write_text("a file")
    assert "there is no bundle 'mine'" in refusal(bundles, "mine")
    assert names(bundles) == SHIPPED


@pytest.mark.parametrize("name", ["../iris", "iris/", "Iris", ".iris", "", "iris\n", "-a", "a" * 64, "ïris"])
def test_a_name_cannot_leave_the_folder(name, tmp_path):
    assert "is not a bundle's name" in refusal(DEFAULT_ROOT, name)
    with pytest.raises(BundleError, match="is not a bundle's name"):
        write(tmp_path, iris(name=name), IRIS.files)


def test_only_a_bundle_is_replaced_and_only_when_asked(bundles):
    with pytest.raises(BundleError, match="the name 'iris' is taken"):
        write(bundles, IRIS.manifest, IRIS.files)
    (bundles / "mine").symlink_to(bundles / "iris")
    (bundles / "notes").write_text("a file")
    for name in ("mine", "notes"):
        with pytest.raises(BundleError, match=f"the name '{name}' is taken"):
            write(bundles, iris(name=name), IRIS.files, replace=True)
    assert write(bundles, iris(title="New"), IRIS.files, replace=True) == read(bundles, "iris").manifest
    assert sorted(entry.name for entry in bundles.iterdir()) == sorted([*SHIPPED, "mine", "notes"])


@pytest.mark.parametrize(
    ("changes", "files"),
    [
        ({"evaluation": Evaluation(rows=1, source="x", metrics={"r2": float("nan")})}, IRIS.files),
        ({"runtime": "sklearn"}, {"model.onnx": b""}),
        ({}, IRIS.files | {"../../escaped": b""}),
        ({"format": 1}, IRIS.files),
    ],
)
def test_what_could_not_be_read_is_not_written(changes, files, tmp_path):
    with pytest.raises(BundleError):
        write(tmp_path / "bundles", iris(**changes), files)
    assert [path for path in tmp_path.rglob("*") if path != tmp_path / "bundles"] == []


texts = st.text(max_size=20)


@given(st.lists(texts, min_size=1, max_size=4, unique=True), st.lists(st.floats(allow_nan=False), max_size=5), texts)
@example(["[ 1,\n  2 ]"], [1.0, -0.0], '"[  ]\\')
def test_the_readable_manifest_says_the_same(labels, numbers, text):
    features = tuple(Feature(name=label, type="string", categories=(text, "[1,  2]")) for label in labels)
    changed = iris(
        title=text,
        signature=msgspec.structs.replace(IRIS.manifest.signature, features=features),
        golden=Golden(rows=(tuple(numbers), (text, None)), predict=(text,)),
    )
    assert json.loads(readable(changed)) == json.loads(msgspec.json.encode(changed))


def test_an_unreadable_folder_is_reported(tmp_path):
    with pytest.raises(BundleError, match="no bundles' folder"):
        names(tmp_path / "none")
    assert bundle.root() == Path(os.environ.get("BUNDLES") or DEFAULT_ROOT)
