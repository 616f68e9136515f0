"""`model sign` and `model check --keys`: what was signed is taken, and anything else is refused in a sentence."""

import os
import pty
import re
import shutil
import subprocess
import sys
from contextlib import suppress

import joblib
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from model.bundle.files import DEFAULT_ROOT, MANIFEST, SIGNATURE, BundleError, read, read_signature, write
from model.oci.image import image_of
from model.signing.bundles import require_signed
from model.signing.keys import public_keys
from tests.helpers.bundles import unpack
from tests.helpers.manifests import ROOT
from tests.helpers.signing import Pair

FILES = (*sorted(read(DEFAULT_ROOT, "iris").files), MANIFEST)


def refusal(folder, keys):
    with pytest.raises(BundleError) as raised:
        require_signed(folder, read(folder, "iris"), public_keys(keys.public))
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda each: each.name)
def test_what_was_signed_is_taken(curve, bundles, tmp_path, model_cli):
    keys = Pair(tmp_path, key=ec.generate_private_key(curve))
    done = model_cli("sign", "iris", "--key", keys.private, "--bundles", bundles)
    assert done.output == f"signed iris {read(bundles, 'iris').manifest.version}: {bundles / 'iris' / SIGNATURE}\n"
    done = model_cli("check", "iris", "--keys", keys.public, "--bundles", bundles)
    assert (done.exit_code, done.output.count("; signed with a trusted key\n")) == (0, 1), done.output
    done = model_cli("check", "iris", "wine", "--keys", keys.public, "--bundles", bundles)
    assert done.exit_code == 1
    assert "error: wine: is not signed: python -m model sign wine --key PRIVATE.pem\n" in done.output


def test_the_same_key_makes_the_same_file_again(signed, keys):
    before = (signed / "iris" / SIGNATURE).read_bytes()
    keys.sign(signed, "iris")
    assert (signed / "iris" / SIGNATURE).read_bytes() == before
    assert [each.name for each in signed.iterdir()] == ["iris"]


def test_without_keys_a_signature_is_of_no_account(signed, model_cli):
    (signed / "iris" / SIGNATURE).write_bytes(b"nonsense")
    assert model_cli("check", "iris", "--bundles", signed).exit_code == 0
    (signed / "iris" / SIGNATURE).unlink()
    os.mkfifo(signed / "iris" / SIGNATURE)
    assert model_cli("check", "iris", "--bundles", signed).exit_code == 0
    assert model_cli("list", "--bundles", signed).exit_code == 0


@given(st.sampled_from([SIGNATURE, *FILES]), st.integers(0, 10**9), st.integers(1, 255))
@example(SIGNATURE, 0, 1)
@example(SIGNATURE, -1, 32)
def test_any_changed_byte_is_refused(tmp_path_factory, file, place, change):
    folder = tmp_path_factory.mktemp("changed")
    keys = Pair(folder)
    shutil.copytree(DEFAULT_ROOT / "iris", folder / "bundles" / "iris")
    keys.sign(folder / "bundles", "iris")
    path = folder / "bundles" / "iris" / file
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= change
    path.write_bytes(content)
    with pytest.raises(BundleError):
        require_signed(folder / "bundles", read(folder / "bundles", "iris"), public_keys(keys.public))


def test_every_bit_of_a_signature_counts(signed, keys):
    trusted, bundle, path = public_keys(keys.public), read(signed, "iris"), signed / "iris" / SIGNATURE
    good = path.read_bytes()
    taken = []
    for place in range(len(good)):
        for bit in range(8):
            content = bytearray(good)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            with suppress(BundleError):
                require_signed(signed, bundle, trusted)
                taken.append((place, bit))
    assert taken == []


def packed_again(folder, drop=(), **changes):
    """Write a whole bundle in the place of another: its digests are right, and its signature is the older one."""
    signature, found = read_signature(folder, "iris"), read(folder, "iris")
    files = {name: content for name, content in (found.files | changes).items() if name not in drop}
    write(folder, found.manifest, files, replace=True)
    (folder / "iris" / SIGNATURE).write_bytes(signature)


CHANGES = {
    "another manifest": (lambda f: packed_again(f, **{"model.joblib": b"x"}), r"is over another manifest\.json"),
    "one file less": (lambda f: packed_again(f, ["model.compact.json"]), "covers 'model.compact.json', which"),
    "one file more": (
        lambda f: (f / "iris" / "README.md").write_text("x"),
        r"does not cover 'README\.md', which is in",
    ),
    "a folder more": (lambda f: (f / "iris" / "x").mkdir(), "does not cover 'x', which is in the bundle's folder"),
    "a hidden file": (lambda f: (f / "iris" / ".x").write_text("x"), r"does not cover '\.x'"),
    "no signature": (lambda f: (f / "iris" / SIGNATURE).unlink(), "is not signed: python -m model sign iris"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_signature_over_other_files_is_refused(change, signed, keys):
    spoil, message = CHANGES[change]
    spoil(signed)
    assert re.search(f"^iris: .*{message}", refusal(signed, keys))


def test_a_signature_over_fewer_files_is_refused(bundles, keys):
    """A part of a bundle that was signed by itself does not vouch for the rest."""
    found = read(bundles, "iris")
    part = {name: content for name, content in found.files.items() if name != "model.compact.json"}
    write(bundles, found.manifest, part, replace=True)
    keys.sign(bundles, "iris")
    signature = read_signature(bundles, "iris")
    write(bundles, found.manifest, found.files, replace=True)
    (bundles / "iris" / SIGNATURE).write_bytes(signature)
    assert "does not cover model.compact.json" in refusal(bundles, keys)


def test_another_key_is_refused_and_one_of_two_is_enough(signed, keys, tmp_path):
    other = Pair(tmp_path, "other")
    assert "iris: is signed with a key that is not trusted here" in refusal(signed, other)
    both = tmp_path / "both.pem"
    both.write_bytes(other.public.read_bytes() + b"a comment\n" + keys.public.read_bytes())
    require_signed(signed, read(signed, "iris"), public_keys(both))
    folder = tmp_path / "keys"
    (folder / "..data").mkdir(parents=True)
    for each in (keys, other):
        # As a mounted ConfigMap has it.
        shutil.copy(each.public, folder / "..data")
        (folder / each.public.name).symlink_to(folder / "..data" / each.public.name)
    assert len(public_keys(folder)) == 2
    other.sign(signed, "iris")
    require_signed(signed, read(signed, "iris"), public_keys(folder))


def test_a_key_that_is_only_claimed_is_refused(signed, keys, tmp_path):
    """The signature of one key under the name of another."""
    other = Pair(tmp_path, "other")
    path = signed / "iris" / SIGNATURE
    mine = re.search(rb'"hint":"(\w+)"', path.read_bytes())[1]
    other.sign(signed, "iris")
    path.write_bytes(re.sub(rb'(?<="hint":")\w+', mine, path.read_bytes()))
    assert "was not made with the key that it names" in refusal(signed, keys)


def test_a_bundle_with_a_strange_file_is_not_signed(signed, keys, model_cli):
    (signed / "iris" / "notes.txt").write_text("x")
    done = model_cli("sign", "iris", "--key", keys.private, "--bundles", signed)
    assert (done.exit_code, done.output) == (
        2,
        "error: iris: 'notes.txt' is no file of a bundle: remove it, then sign\n",
    )


def test_a_link_in_the_place_of_the_signature_is_replaced_and_not_followed(signed, keys, tmp_path):
    path, elsewhere = signed / "iris" / SIGNATURE, tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    path.unlink()
    path.symlink_to(elsewhere)
    assert "model.sig is a link" in refusal(signed, keys)
    keys.sign(signed, "iris")
    assert (elsewhere.read_text(), path.is_symlink()) == ("mine", False)


def test_a_bundle_that_is_written_anew_has_no_signature(signed, tmp_path, model_cli):
    joblib.dump(DummyClassifier(strategy="constant", constant=1).fit([[0.0], [1.0]], [0, 1]), tmp_path / "iris.pkl")
    (tmp_path / "rows.csv").write_text("x0\n0.5\n1.5\n")
    add = ("add", tmp_path / "iris.pkl", "--data", tmp_path / "rows.csv", "--replace", "--bundles", signed)
    assert model_cli(*add).exit_code == 0
    assert read_signature(signed, "iris") is None


def test_the_image_carries_the_signature(signed, tmp_path):
    bundle = read(signed, "iris")
    plain, whole = image_of(bundle), image_of(bundle, read_signature(signed, "iris"))
    assert plain == image_of(read(DEFAULT_ROOT, "iris"))
    assert whole != plain
    unpack(whole, tmp_path / "out" / "iris")
    assert read_signature(tmp_path / "out", "iris") == read_signature(signed, "iris")


def test_the_image_of_a_manifest_that_is_written_otherwise_is_signed_too(signed, keys, tmp_path):
    """White space in a manifest means nothing, but a signature is over it."""
    page = signed / "iris" / MANIFEST
    page.write_bytes(page.read_bytes().replace(b"\n", b"\n\n"))
    keys.sign(signed, "iris")
    whole = image_of(read(signed, "iris"), read_signature(signed, "iris"))
    unpack(whole, tmp_path / "out" / "iris")
    require_signed(tmp_path / "out", read(tmp_path / "out", "iris"), public_keys(keys.public))


def test_an_encrypted_key_has_a_password(bundles, tmp_path, model_cli, monkeypatch):
    keys = Pair(tmp_path, password=b"a secret")
    sign = ("sign", "iris", "--key", keys.private, "--bundles", bundles)
    done = model_cli(*sign)
    assert (done.exit_code, f"{keys.private} is encrypted: set MODEL_KEY_PASSWORD" in done.output) == (2, True)
    monkeypatch.setenv("MODEL_KEY_PASSWORD", "another")
    done = model_cli(*sign)
    assert (done.exit_code, "the password is wrong, or the file is damaged" in done.output) == (2, True)
    assert "another" not in done.output
    monkeypatch.setenv("MODEL_KEY_PASSWORD", "a secret")
    assert model_cli(*sign).exit_code == 0


def test_a_password_is_asked_for_on_a_terminal(bundles, tmp_path):
    keys = Pair(tmp_path, password=b"a secret")
    command = [sys.executable, "-m", "model", "sign", "iris", "--key", keys.private, "--bundles", bundles]
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, cwd=ROOT, start_new_session=True
    ) as process:
        try:
            # What is typed before it is asked for is dropped.
            assert b"Password of" in os.read(controller, 1000)
            os.write(controller, b"a secret\n")
            assert b"signed iris" in process.communicate(timeout=60)[0]
        finally:
            process.kill()
    assert read_signature(bundles, "iris") is not None
    os.close(terminal)
    os.close(controller)
