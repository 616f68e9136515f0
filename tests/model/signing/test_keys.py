"""What is no key for a signature is refused in a sentence that says which one would be."""

import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from model.bundle.files import DEFAULT_ROOT, BundleError, read
from model.signing.bundles import require_signed
from model.signing.keys import public_keys
from tests.helpers.signing import Pair

OTHERS = {
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), "a key of the kind RSA"),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, "a key of the kind Ed25519"),
    "another curve": (lambda: ec.generate_private_key(ec.SECP256K1()), "a key on the curve secp256k1"),
}


def refusal(place):
    with pytest.raises(BundleError) as raised:
        public_keys(place)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_key_is_refused(kind, bundles, tmp_path, model_cli):
    make, message = OTHERS[kind]
    keys = Pair(tmp_path, key=make())
    wanted = f"{message}, which signs no bundle: use an EC key on the curve P-256, P-384 or P-521"
    done = model_cli("sign", "iris", "--key", keys.private, "--bundles", bundles)
    assert (done.exit_code, done.output) == (2, f"error: {keys.private} holds {wanted}\n")
    done = model_cli("check", "iris", "--keys", keys.public, "--bundles", bundles)
    assert (done.exit_code, done.output) == (2, f"error: {keys.public} holds {wanted}\n")


MAKE = (
    "openssl ecparam -name prime256v1 -genkey -noout -out {0}",
    "openssl ecparam -name secp521r1 -genkey -out {0}",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out {0}",
)


@pytest.mark.parametrize("make", MAKE)
def test_keys_of_openssl_sign(make, bundles, tmp_path, model_cli):
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    for command in (make, "openssl pkey -in {0} -pubout -out {1}"):
        subprocess.run(command.format(private, public).split(), check=True, capture_output=True)
    done = model_cli("sign", "iris", "--key", private, "--bundles", bundles)
    assert done.exit_code == 0, done.output
    require_signed(bundles, read(bundles, "iris"), public_keys(public))


CONTENT = {
    "nothing": (b"", "holds no public key: openssl pkey -in PRIVATE.pem -pubout"),
    "a comment": (b"put your keys here\n", "holds no public key"),
    "a certificate": (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "holds a certificate, not a"),
    "no base64": (b"-----BEGIN PUBLIC KEY-----\n%%%\n-----END PUBLIC KEY-----\n", "a public key that cannot be read"),
    "no key": (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "a public key that cannot be read"),
    "far too much": (b"x" * (2 << 20), "has more than 1 MiB"),
}


@pytest.mark.parametrize("content", CONTENT)
def test_what_holds_no_key_is_refused(content, tmp_path):
    text, message = CONTENT[content]
    (tmp_path / "keys.pem").write_bytes(text)
    for place in (tmp_path / "keys.pem", tmp_path):
        assert message in refusal(place)


def test_a_private_key_is_no_public_one_nor_the_other_way_round(tmp_path, model_cli):
    keys = Pair(tmp_path)
    assert "holds a private key: give the public one alone" in refusal(keys.private)
    done = model_cli("sign", "iris", "--key", keys.public, "--bundles", DEFAULT_ROOT)
    assert (done.exit_code, f"{keys.public} holds a public key" in done.output) == (2, True), done.output
    (tmp_path / "text").write_text("nothing")
    done = model_cli("sign", "iris", "--key", tmp_path / "text", "--bundles", DEFAULT_ROOT)
    assert (done.exit_code, "holds no private key that can be read" in done.output) == (2, True), done.output


def test_what_is_not_there_or_not_to_be_read_is_refused(tmp_path):
    assert "cannot be read: No such file" in refusal(tmp_path / "none.pem")
    (tmp_path / "link.pem").symlink_to(tmp_path / "gone.pem")
    assert "link.pem cannot be read: No such file" in refusal(tmp_path)
    if os.geteuid():
        (tmp_path / "closed").mkdir(0)
        assert "cannot be listed: Permission denied" in refusal(tmp_path / "closed")
        # pytest removes the folders of earlier runs, and fails where it may not.
        (tmp_path / "closed").chmod(0o700)
