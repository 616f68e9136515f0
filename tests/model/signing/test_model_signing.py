"""OpenSSF's own model-signing is the judge: it verifies what we sign, and we verify what it signs."""

import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from model.bundle.files import DEFAULT_ROOT, SIGNATURE, BundleError, read
from model.signing.bundles import require_signed
from model.signing.keys import public_keys
from tests.helpers.clients import TOOLS
from tests.helpers.signing import Pair, statement
from tests.helpers.waiting import unless

CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())


@pytest.fixture
def judge(tmp_path):
    """Return a function that runs `model_signing`."""
    program = TOOLS / "model-signing" / "bin" / "model_signing"
    unless(program.exists(), "model-signing is not here: make tools")

    def run(*args):
        home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        return subprocess.run([program, *args], capture_output=True, text=True, timeout=100, env=home)

    return run


@pytest.mark.parametrize("curve", CURVES, ids=lambda each: each.name)
def test_it_verifies_what_we_sign(curve, judge, bundles, tmp_path):
    keys = Pair(tmp_path, key=ec.generate_private_key(curve))
    keys.sign(bundles, "iris")
    place = bundles / "iris"
    verify = ("verify", "key", place, "--signature", place / SIGNATURE, "--public_key", keys.public)
    done = judge(*verify)
    assert (done.returncode, "Verification succeeded" in done.stdout) == (0, True), done.stderr
    (place / "model.onnx").write_bytes(b"another")
    assert judge(*verify).returncode != 0


@pytest.mark.parametrize("curve", CURVES, ids=lambda each: each.name)
def test_we_verify_what_it_signs(curve, judge, bundles, tmp_path, model_cli):
    keys = Pair(tmp_path, key=ec.generate_private_key(curve))
    place = bundles / "iris"
    done = judge("sign", "key", place, "--signature", place / SIGNATURE, "--private_key", keys.private)
    assert done.returncode == 0, done.stderr
    done = model_cli("check", "iris", "--keys", keys.public, "--bundles", bundles)
    assert done.exit_code == 0, done.output
    (place / "more").write_text("x")
    assert model_cli("check", "iris", "--keys", keys.public, "--bundles", bundles).exit_code == 1


def test_both_write_the_same(judge, tmp_path):
    keys = Pair(tmp_path)
    for name in ("ours", "theirs"):
        shutil.copytree(DEFAULT_ROOT / "iris", tmp_path / name / "iris")
    ours, theirs = tmp_path / "ours" / "iris", tmp_path / "theirs" / "iris"
    keys.sign(ours.parent, "iris")
    done = judge("sign", "key", theirs, "--signature", theirs / SIGNATURE, "--private_key", keys.private)
    assert done.returncode == 0, done.stderr
    documents = [json.loads((place / SIGNATURE).read_text()) for place in (ours, theirs)]
    statements = [statement(place) for place in (ours, theirs)]
    for document, each in zip(documents, statements, strict=True):
        # Theirs are in no order, and with that payload and signature differ.
        each["predicate"]["serialization"]["ignore_paths"].sort()
        assert document["dsseEnvelope"].pop("payload")
        assert document["dsseEnvelope"]["signatures"][0].pop("sig")
    assert documents[0] == documents[1]
    assert statements[0] == statements[1]
    assert [list(each) for each in statements] == [list(statements[0])] * 2


def test_a_file_that_it_leaves_out_is_refused_here(judge, bundles, tmp_path):
    keys = Pair(tmp_path)
    place = bundles / "iris"
    (place / ".gitignore").write_text("x")
    done = judge("sign", "key", place, "--signature", place / SIGNATURE, "--private_key", keys.private)
    assert done.returncode == 0, done.stderr
    with pytest.raises(BundleError, match=r"does not cover '\.gitignore'"):
        require_signed(bundles, read(bundles, "iris"), public_keys(keys.public))
