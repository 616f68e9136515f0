"""The keys of signatures: public ones to verify with, and a private one to sign with, from PEM files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from model.bundle.files import BundleError
from model.errors import one_line

PublicKeys = Mapping[str, ec.EllipticCurvePublicKey]
"""Public keys by their identifiers."""
LARGEST_FILE = 1 << 20
CURVES: Mapping[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512(),
}  # fmt: skip
"""The curves that the format has, each with its digest."""
EXPORT = "openssl pkey -in PRIVATE.pem -pubout -out PUBLIC.pem"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_CURVES = "use an EC key on the curve P-256, P-384 or P-521"


def identifier(key: ec.EllipticCurvePublicKey) -> str:
    """Return what a signature calls the key that it was made with: the sha256 of its PEM text."""
    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_keys(place: Path) -> PublicKeys:
    """Return the public keys in a PEM file, or in every file of a folder."""
    files = _files(place)
    found = {identifier(key): key for file in files for key in _keys_in(_content(file), str(file))}
    if not found:
        raise BundleError(f"{place} holds no public key: {EXPORT}")
    return found


def keys_from(text: str, place: str) -> PublicKeys:
    """Return the public keys in a PEM text."""
    return {identifier(key): key for key in _keys_in(text.encode(), place)}


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    try:
        # A mounted ConfigMap has hidden folders, and links into them.
        return sorted(path for path in place.iterdir() if not path.name.startswith(".") and not path.is_dir())
    except OSError as error:
        raise BundleError(f"{place} cannot be listed: {error.strerror}") from None


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            found = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from None
    if len(found) > LARGEST_FILE:
        raise BundleError(f"{file} has more than {LARGEST_FILE >> 20} MiB, so it is no file of keys")
    return found


def _keys_in(content: bytes, place: str) -> Iterator[ec.EllipticCurvePublicKey]:
    for block in _BLOCK.finditer(content):
        kind = block[1].decode()
        if "PRIVATE" in kind:
            raise BundleError(f"{place} holds a private key: give the public one alone, from {EXPORT}")
        if kind != "PUBLIC KEY":
            raise BundleError(f"{place} holds a {kind.lower()}, not a public key: {EXPORT}")
        try:
            key = load_pem_public_key(block[0])
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BundleError(f"{place} holds a public key that cannot be read: {one_line(error, 120)}") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
            raise BundleError(f"{place} holds {_kind(key)}, which signs no bundle: {_CURVES}")
        yield key


def private_key(file: Path, ask: Callable[[], str]) -> ec.EllipticCurvePrivateKey:
    """Return the private key in a PEM file; if it is encrypted, its password is asked for."""
    content = _content(file)
    try:
        key = _load(content, None)
    except TypeError:
        try:
            key = _load(content, ask().encode())
        except ValueError:
            raise BundleError(f"{file} cannot be opened: the password is wrong, or the file is damaged") from None
    except ValueError as error:
        wrong = "a public key" if b"PUBLIC KEY-----" in content else "no private key that can be read"
        raise BundleError(f"{file} holds {wrong}: {one_line(error, 120)}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise BundleError(f"{file} holds {_kind(key)}, which signs no bundle: {_CURVES}")
    return key


def _load(content: bytes, password: bytes | None) -> object:
    try:
        return load_pem_private_key(content, password)
    except UnsupportedAlgorithm as error:
        raise ValueError(error) from None


def _kind(key: object) -> str:
    """Return what a key is, such as an RSA key."""
    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return f"a key on the curve {key.curve.name}"
    return f"a key of the kind {re.sub('(Public|Private)Key$', '', type(key).__name__)}"


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return a key's signature of a message; the same message has the same one."""
    return key.sign(message, ec.ECDSA(CURVES[key.curve.name], deterministic_signing=True))


def is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Return whether a signature of a message was made with the private key of a public one."""
    try:
        key.verify(signature, message, ec.ECDSA(CURVES[key.curve.name]))
    except InvalidSignature:
        return False
    return True
