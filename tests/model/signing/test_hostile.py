"""Signature files that somebody made to do harm: each is one sentence, without a traceback and within little memory."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tracemalloc

import pytest

from model.bundle.files import LARGEST_SIGNATURE, SIGNATURE, BundleError, read
from model.signing.bundles import require_signed
from model.signing.keys import public_keys
from tests.helpers.manifests import ROOT
from tests.helpers.signing import statement
from tests.model.signing.test_sign import refusal


def envelope(**changes):
    """Return an edit of the signature file, whatever its signature then is."""

    def spoil(place, keys):
        found = json.loads((place / SIGNATURE).read_text())
        for path, value in changes.items():
            *above, last = path.split("__")
            node = found
            for each in above:
                node = node[int(each) if each.isdigit() else each]
            node[last] = value
        (place / SIGNATURE).write_text(json.dumps(found))

    return spoil


def content(data):
    return lambda place, keys: (place / SIGNATURE).write_bytes(data)


def payload(change):
    """Return an edit of what is signed, signed again with the right key."""

    def spoil(place, keys):
        found = statement(place)
        keys.sign_payload(place, change(found) or found)

    return spoil


def resource_named(name):
    def more(found):
        found["predicate"]["resources"].append({"name": name, "algorithm": "sha256", "digest": "0" * 64})
        return rooted(found)

    return payload(more)


def rooted(found):
    """Return a statement whose digest is that of the files that it names."""
    digests = b"".join(bytes.fromhex(each["digest"]) for each in found["predicate"]["resources"])
    found["subject"][0]["digest"] = {"sha256": hashlib.sha256(digests).hexdigest()}
    return found


def directory(place, keys):
    (place / SIGNATURE).unlink()
    (place / SIGNATURE).mkdir()


def fifo(place, keys):
    (place / SIGNATURE).unlink()
    os.mkfifo(place / SIGNATURE)


def link(target):
    def spoil(place, keys):
        (place / SIGNATURE).unlink()
        (place / SIGNATURE).symlink_to(target)

    return spoil


NONE = "model.sig is no signature of a model made with a key"
HOSTILE = {
    "empty": (content(b""), NONE),
    "not text": (content(b"\xff\xfe\x00"), NONE),
    "far too large": (content(b" " * (64 << 20)), "more than 64 KiB"),
    "just too large": (content(b" " * (LARGEST_SIGNATURE + 1)), "more than 64 KiB"),
    "deep": (content(b"[" * 60_000), NONE),
    "deep within": (content(b'{"mediaType":' + b'{"a":' * 10_000), NONE),
    "a list": (content(b"[]"), NONE),
    "null": (content(b"null"), NONE),
    "no envelope": (envelope(dsseEnvelope=None), NONE),
    "a number as payload": (envelope(dsseEnvelope__payload=1), NONE),
    "no base64": (envelope(dsseEnvelope__payload="%%%%"), "not base64"),
    "base64 with more in it": (envelope(dsseEnvelope__payload="e30=\n"), "not base64"),
    "another base64 of the same": (envelope(dsseEnvelope__payload="e31="), "not base64"),
    "no signature": (envelope(dsseEnvelope__signatures=[]), NONE),
    "two signatures": (envelope(dsseEnvelope__signatures=[{"sig": "AA=="}, {"sig": "AA=="}]), NONE),
    "an empty signature": (envelope(dsseEnvelope__signatures__0__sig=""), "not base64"),
    "a signature that is none": (envelope(dsseEnvelope__signatures__0__sig="AAAA"), "was changed after signing"),
    "another media type": (envelope(mediaType="application/json"), "has the mediaType 'application/json'"),
    "another payload type": (envelope(dsseEnvelope__payloadType="text/plain"), "has the payloadType 'text/plain'"),
    "a certificate": (envelope(verificationMaterial={"certificate": {"rawBytes": "AA=="}}), NONE),
    "no key": (envelope(verificationMaterial__publicKey={}), NONE),
    "a hint of another key": (envelope(verificationMaterial__publicKey__hint="\x1b[31m\n"), "not trusted here"),
    "a long hint": (envelope(verificationMaterial__publicKey__hint="x" * 9_000), "not trusted here"),
    "a field more": (envelope(more=1), NONE),
    "another payload": (envelope(dsseEnvelope__payload="e30="), "was changed after signing"),
    "a link": (link("/etc/hostname"), "is a link"),
    "a link to nothing": (link("/nowhere"), "is a link"),
    "a link to an endless file": (link("/dev/zero"), "is a link"),
    "a folder": (directory, "is not a plain file"),
    "a pipe": (fifo, "is not a plain file"),
    "signed nonsense": (lambda place, keys: keys.sign_payload(place, b"\xff"), "is not about a model"),
    "a signed deep text": (
        lambda place, keys: keys.sign_payload(place, b'{"x":' + b"[" * 40_000),
        "is not about a model",
    ),
    "an empty statement": (payload(lambda found: found.clear()), "is not about a model"),
    "another statement": (payload(lambda found: found.update(_type="x")), "has the _type 'x'"),
    "another predicate": (payload(lambda found: found.update(predicateType="x")), "has the predicateType 'x'"),
    "two subjects": (payload(lambda found: found.update(subject=found["subject"] * 2)), "is not about a model"),
    "no resources": (payload(lambda found: found["predicate"].update(resources=[]) or rooted(found)), "does not cover"),
    "resources of a wrong type": (payload(lambda found: found["predicate"].update(resources={})), "is not about a"),
    "a file twice": (
        payload(lambda found: found["predicate"]["resources"].append(found["predicate"]["resources"][0])),
        "names a file twice",
    ),
    "a file twice, once otherwise": (resource_named("model.onnx"), "names a file twice"),
    "an absolute name": (resource_named("/etc/passwd"), "covers '/etc/passwd', which the bundle does not have"),
    "a name that leads up": (resource_named("../wine/model.onnx"), "covers '../wine/model.onnx', which"),
    "a name that is another's": (resource_named("./model.onnx"), "covers './model.onnx', which"),
    "a name with a line": (resource_named("a\nb\x1b"), r"covers 'a\nb\x1b', which"),
    "a long name": (resource_named("x" * 9_000), "covers 'xxx"),
    "another algorithm": (
        payload(lambda found: found["predicate"]["resources"][0].update(algorithm="blake2b")),
        "has the digest algorithm 'blake2b'",
    ),
    "another hash type": (
        payload(lambda found: found["predicate"]["serialization"].update(hash_type="blake3")),
        "has the digest algorithm 'blake3'",
    ),
    "shards": (payload(lambda found: found["predicate"]["serialization"].update(method="shards")), "method 'shards'"),
    "no hexadecimal digest": (
        payload(lambda found: found["predicate"]["resources"][0].update(digest="zz")),
        "a digest that is not hexadecimal",
    ),
    "a digest of all that is another": (
        payload(lambda found: found["subject"][0].update(digest={"sha256": "0" * 64})),
        "contradicts itself",
    ),
    "a digest in capitals": (
        payload(lambda found: found["predicate"]["resources"][0].update(digest="AB" * 32) or rooted(found)),
        "is over another",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_signature_is_refused_in_a_sentence(kind, signed, keys):
    spoil, message = HOSTILE[kind]
    spoil(signed / "iris", keys)
    bundle, trusted = read(signed, "iris"), public_keys(keys.public)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError) as raised:
            require_signed(signed, bundle, trusted)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(raised.value)
    assert text.startswith("iris: ")
    assert message in text
    assert len(text) < 500
    assert text.isprintable()
    assert peak < 4 << 20


def test_the_order_of_the_files_does_not_matter(signed, keys):
    def turn(found):
        found["predicate"]["resources"].reverse()
        return rooted(found)

    payload(turn)(signed / "iris", keys)
    require_signed(signed, read(signed, "iris"), public_keys(keys.public))


def test_a_file_that_git_would_ignore_is_not_passed_over(signed, keys):
    """The format lets a signature name what it leaves out; a bundle has nothing to leave out."""
    (signed / "iris" / ".gitignore").write_text("x")
    assert "does not cover '.gitignore'" in refusal(signed, keys)


def test_a_large_signature_is_refused_within_little_memory(signed, keys):
    with (signed / "iris" / SIGNATURE).open("wb") as stream:
        stream.truncate(8 << 30)
    command = [sys.executable, "-m", "model", "check", "iris", "--keys", keys.public, "--bundles", signed]
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # noqa: E731
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=limit, timeout=100)
    assert (done.returncode, done.stderr) == (1, "error: iris: model.sig has more than 64 KiB, so it is no signature\n")


def test_no_signature_is_taken_from_another_bundle(bundles, keys):
    keys.sign(bundles, "wine")
    (bundles / "iris" / SIGNATURE).write_bytes((bundles / "wine" / SIGNATURE).read_bytes())
    assert "iris: the signature is over another" in refusal(bundles, keys)
