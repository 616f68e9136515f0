"""What is signed, and its file: an in-toto statement in a Sigstore bundle, as model-signing 1.1 writes them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec

from model.bundle.files import SIGNATURE, BundleError
from model.errors import message, shorten

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://model_signing/signature/v1.0"
ALGORITHM = "sha256"
# model-signing leaves out what belongs to git, and says so in each signature.
IGNORED = (SIGNATURE, ".git", ".gitattributes", ".github", ".gitignore")
_Type = TypeVar("_Type")


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    sig: str
    keyid: str = ""


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: Annotated[tuple[_Signature, ...], msgspec.Meta(min_length=1, max_length=1)]


class _PublicKey(msgspec.Struct, forbid_unknown_fields=True):
    hint: str


class _Material(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    public_key: _PublicKey
    tlog_entries: Annotated[tuple[str, ...], msgspec.Meta(max_length=0)] = ()


class _Bundle(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Envelope


class Envelope(msgspec.Struct, frozen=True):
    """A signature file, before its signature was verified."""

    key: str
    """The identifier of the key that it claims."""
    payload: bytes
    signature: bytes


class _Resource(msgspec.Struct):
    name: str
    algorithm: str
    digest: str


class _Serialization(msgspec.Struct):
    method: str
    hash_type: str
    allow_symlinks: bool


class _Predicate(msgspec.Struct):
    resources: tuple[_Resource, ...]
    serialization: _Serialization


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, rename={"kind": "_type", "predicate_type": "predicateType"}):
    kind: str
    subject: Annotated[tuple[_Subject, ...], msgspec.Meta(min_length=1, max_length=1)]
    predicate_type: str
    predicate: _Predicate


def signed_bytes(payload: bytes) -> bytes:
    """Return what a signature is over: the payload with its type, so that it counts for nothing else."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def payload_of(name: str, digests: Mapping[str, str]) -> bytes:
    """Return the statement that a bundle has files with these digests."""
    resources = [{"name": file, "algorithm": ALGORITHM, "digest": digests[file]} for file in sorted(digests)]
    serialization = {"allow_symlinks": False, "method": "files", "ignore_paths": IGNORED, "hash_type": ALGORITHM}
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {ALGORITHM: _root([each["digest"] for each in resources])}}],
        "predicateType": PREDICATE,
        "predicate": {"resources": resources, "serialization": serialization},
    }
    return json.dumps(statement, indent=2).encode()


def file_of(key: str, payload: bytes, signature: bytes) -> bytes:
    """Return the content of a signature file."""
    envelope = _Envelope(_text(payload), PAYLOAD_TYPE, (_Signature(_text(signature)),))
    return msgspec.json.encode(_Bundle(MEDIA_TYPE, _Material(_PublicKey(key)), envelope))


def envelope_of(name: str, content: bytes) -> Envelope:
    """Return what a signature file holds, whose signature is still to be verified."""
    found = _decode(name, content, _Bundle, f"{SIGNATURE} is no signature of a model made with a key")
    envelope = found.dsse_envelope
    _require(name, "mediaType", found.media_type, MEDIA_TYPE)
    _require(name, "payloadType", envelope.payload_type, PAYLOAD_TYPE)
    key = found.verification_material.public_key.hint
    return Envelope(key, _bytes(name, envelope.payload), _bytes(name, envelope.signatures[0].sig))


def digests_in(name: str, payload: bytes) -> dict[str, str]:
    """Return the digest of each file that a verified statement names."""
    statement = _decode(name, payload, _Statement, "the statement that was signed is not about a model")
    _require(name, "_type", statement.kind, STATEMENT)
    _require(name, "predicateType", statement.predicate_type, PREDICATE)
    _require(name, "method", statement.predicate.serialization.method, "files")
    resources = statement.predicate.resources
    for algorithm in (statement.predicate.serialization.hash_type, *(each.algorithm for each in resources)):
        _require(name, "digest algorithm", algorithm, ALGORITHM)
    found = {each.name: each.digest for each in resources}
    if len(found) < len(resources):
        raise BundleError(f"{name}: {SIGNATURE} names a file twice")
    try:
        root = _root([each.digest for each in resources])
    except ValueError:
        raise BundleError(f"{name}: {SIGNATURE} has a digest that is not hexadecimal") from None
    if statement.subject[0].digest != {ALGORITHM: root}:
        raise BundleError(f"{name}: {SIGNATURE} contradicts itself: its digest is not that of the files it names")
    return found


def _root(digests: list[str]) -> str:
    """Return the digest over the digests of all files, which stands for the whole model."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests))).hexdigest()


def _decode(name: str, content: bytes, kind: type[_Type], problem: str) -> _Type:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{name}: {problem}: {shorten(message(error), 160)}") from None


def _require(name: str, field: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise BundleError(f"{name}: {SIGNATURE} has the {field} {found[:80]!r}, and this program reads {wanted!r} only")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(name: str, text: str) -> bytes:
    """Decode base64; of all texts that mean the same bytes it takes one, so that no character can be changed."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b""
    if not found or _text(found) != text:
        raise BundleError(f"{name}: {SIGNATURE} holds something that is not base64")
    return found
