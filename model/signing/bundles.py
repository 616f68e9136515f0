"""Sign a bundle, and verify its signature before anything in it is loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric import ec

from model.bundle.files import MANIFEST, SIGNATURE, Bundle, BundleError, foreign_file, read, read_signature
from model.signing.keys import PublicKeys, identifier, is_signed
from model.signing.keys import sign as signature_of
from model.signing.statement import digests_in, envelope_of, file_of, payload_of, signed_bytes


def sign(folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> Bundle:
    """Write a bundle's signature beside its files, in place of an older one, and return the bundle."""
    bundle = read(folder, name)
    if foreign := foreign_file(folder, bundle):
        raise BundleError(f"{name}: {foreign!r} is no file of a bundle: remove it, then sign")
    payload = payload_of(name, _digests(bundle))
    content = file_of(identifier(key.public_key()), payload, signature_of(key, signed_bytes(payload)))
    try:
        with TemporaryDirectory(prefix=f".{name}.", dir=folder, ignore_cleanup_errors=True) as scratch:
            fresh = Path(scratch) / SIGNATURE
            fresh.write_bytes(content)
            fresh.replace(folder / name / SIGNATURE)
    except OSError as error:
        raise BundleError(f"{name}: {SIGNATURE} cannot be written to {folder / name}: {error.strerror}") from None
    return bundle


def require_signed(folder: Path, bundle: Bundle, keys: PublicKeys) -> None:
    """Refuse a bundle, as it was read, that none of these keys has signed with exactly the files that it has."""
    name = bundle.manifest.name
    content = read_signature(folder, name)
    if content is None:
        raise BundleError(f"{name}: is not signed: python -m model sign {name} --key PRIVATE.pem")
    envelope = envelope_of(name, content)
    key = keys.get(envelope.key)
    if key is None:
        raise BundleError(f"{name}: is signed with a key that is not trusted here ({envelope.key[:12]!r})")
    if not is_signed(key, envelope.signature, signed_bytes(envelope.payload)):
        raise BundleError(f"{name}: {SIGNATURE} was changed after signing, or was not made with the key that it names")
    _require_files(bundle, digests_in(name, envelope.payload))
    if foreign := foreign_file(folder, bundle):
        raise BundleError(f"{name}: the signature does not cover {foreign[:80]!r}, which is in the bundle's folder")


def _require_files(bundle: Bundle, signed: dict[str, str]) -> None:
    """Refuse a signature over other files than these."""
    name, found = bundle.manifest.name, _digests(bundle)
    again = f"python -m model sign {name} --key PRIVATE.pem signs what is there now"
    if more := sorted(found.keys() - signed.keys()):
        raise BundleError(f"{name}: the signature does not cover {more[0]}: {again}")
    if less := sorted(signed.keys() - found.keys()):
        raise BundleError(f"{name}: the signature covers {less[0][:80]!r}, which the bundle does not have: {again}")
    if other := sorted(file for file, digest in found.items() if signed[file] != digest):
        raise BundleError(f"{name}: the signature is over another {other[0]} than the one that is here: {again}")


def _digests(bundle: Bundle) -> dict[str, str]:
    files = {**bundle.files, MANIFEST: bundle.manifest_text}
    return {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
