"""With MODEL_KEYS a server starts with signed bundles only, and nothing of any other is loaded."""

import hashlib
import json
import os
import subprocess
import sys

import msgspec
import pytest

from model.bundle.files import SIGNATURE, read, write
from tests.helpers.server import fetch, free_port, running, stderr_until_exit
from tests.helpers.signing import Pair
from tests.model.bundle.test_gate import written

ROW = b'{"X":[5.1,3.5,1.4,0.2]}'


@pytest.fixture
def keys(tmp_path):
    return Pair(tmp_path)


def start(bundles, **settings):
    """Start a server that must refuse, and return the line that it says."""
    with running(bundles=bundles, **settings) as server:
        text = stderr_until_exit(server)
        assert server.wait(5) == 2
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    return text


def test_signed_bundles_are_served(bundles, keys):
    keys.sign(bundles, "iris", "wine")
    with running(bundles=bundles, model="iris,wine", model_keys=keys.public) as server:
        assert fetch(f"{server.url}/score", ROW).body == b'{"score":[0]}'
        assert fetch(f"{server.url}/readyz").status == 200


def test_one_unsigned_bundle_keeps_the_server_from_starting(bundles, keys):
    keys.sign(bundles, "iris")
    wanted = "error: wine: is not signed: python -m model sign wine --key PRIVATE.pem\n"
    assert start(bundles, model="iris,wine", model_keys=keys.public) == wanted


def test_another_key_a_changed_signature_and_a_file_more_are_refused(bundles, keys, tmp_path):
    Pair(tmp_path, "other").sign(bundles, "iris")
    assert "iris: is signed with a key that is not trusted here" in start(bundles, model_keys=keys.public)
    keys.sign(bundles, "iris")
    path = bundles / "iris" / SIGNATURE
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"sig":"M', b'"sig":"N'))
    assert "iris: model.sig was changed after signing" in start(bundles, model_keys=keys.public)
    path.write_bytes(good)
    (bundles / "iris" / "more").write_text("x")
    assert "iris: the signature does not cover 'more'" in start(bundles, model_keys=keys.public)


@pytest.mark.parametrize("signed", ["not at all", "with another key", "before it was changed"])
def test_no_pickle_runs_that_was_not_signed(signed, bundles, keys, tmp_path):
    """The bundle is whole: only its signature can tell that its pickle is another's."""
    keys.sign(bundles, "iris")
    older = (bundles / "iris" / SIGNATURE).read_bytes()
    marker = tmp_path / "ran"
    found = read(bundles, "iris").manifest
    manifest = msgspec.structs.replace(found, runtime="sklearn", requires={})
    write(bundles, manifest, {"model.joblib": written(marker, "pickle")}, replace=True)
    if signed == "with another key":
        Pair(tmp_path, "other").sign(bundles, "iris")
    if signed == "before it was changed":
        (bundles / "iris" / SIGNATURE).write_bytes(older)
    start(bundles, model_keys=keys.public)
    assert not marker.exists()
    # Without the keys it is opened, so that this test can fail.
    start(bundles)
    assert marker.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "MODEL_KEYS '{0}': must be a PEM file of public keys, or a folder of such files"),
        (b"", "{0} holds no public key: openssl pkey -in PRIVATE.pem -pubout -out PUBLIC.pem"),
    ],
)
def test_keys_that_are_not_there_are_a_sentence(content, message, bundles, tmp_path):
    place = tmp_path / "keys.pem"
    if content is not None:
        place.write_bytes(content)
    assert start(bundles, model_keys=place) == f"error: {message.format(place)}\n"


def test_an_empty_setting_lets_no_bundle_in(bundles):
    assert "MODEL_KEYS '': must be a PEM file" in start(bundles, model_keys="")


def test_without_keys_a_signature_is_of_no_account(bundles):
    (bundles / "iris" / SIGNATURE).write_bytes(b"\xff" * 100_000)
    with running(bundles=bundles) as server:
        assert fetch(f"{server.url}/score", ROW).status == 200


@pytest.mark.parametrize("wanted", [False, True])
def test_cryptography_is_loaded_for_keys_only(wanted, bundles, keys):
    keys.sign(bundles, "iris")
    program = """if True:
        import sys
        import api.transport.server
        api.transport.server.serve = lambda *_: print("cryptography" in sys.modules, "model.signing" in sys.modules)
        from api.__main__ import main
        main()
    """
    settings = {"BUNDLES": str(bundles), "PORT": str(free_port()), "ADMIN_PORT": str(free_port()), "HOST": "127.0.0.1"}
    settings |= {"MODEL_KEYS": str(keys.public)} if wanted else {}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | settings, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"{wanted} {wanted}\n", done.stderr


def test_the_digest_of_a_bundle_knows_nothing_of_its_signature(bundles, keys):
    before = json.loads((bundles / "iris" / "manifest.json").read_text())["version"]
    keys.sign(bundles, "iris")
    assert read(bundles, "iris").manifest.version == before
    assert hashlib.sha256((bundles / "iris" / SIGNATURE).read_bytes()).hexdigest() not in str(read(bundles, "iris"))
