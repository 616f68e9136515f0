"""A bundle as an OCI image with one layer: the same bundle is the same image, byte for byte, on every machine."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any

import msgspec

from model.bundle.files import MANIFEST, SIGNATURE, Bundle
from model.bundle.manifest import Manifest, readable

INDEX, IMAGE = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"
CONFIG, LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar"
PLATFORMS = ("amd64", "arm64")
"""A node takes no image that names another processor, although this one holds no program."""


@dataclass(frozen=True)
class Image:
    """Everything that a registry gets."""

    index: bytes
    """What the digest is over."""
    manifests: dict[str, bytes]
    """The manifest of each platform, by digest."""
    blobs: dict[str, bytes]
    """The layer and the configurations, by digest."""

    @property
    def digest(self) -> str:
        """Return the digest by which a cluster mounts it."""
        return digest_of(self.index)


def image_of(bundle: Bundle, signature: bytes | None = None) -> Image:
    """Return the image of a bundle, with its signature if it has one."""
    layer, labels = _layer(bundle, signature), _labels(bundle.manifest)
    blobs, manifests, entries = {digest_of(layer): layer}, {}, []
    for architecture in PLATFORMS:
        config = _json(
            {
                "architecture": architecture,
                "os": "linux",
                "config": {"Labels": labels},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
            }
        )
        blobs[digest_of(config)] = config
        parts = {"config": _descriptor(CONFIG, config), "layers": [_descriptor(LAYER, layer)]}
        manifest = _json({"schemaVersion": 2, "mediaType": IMAGE, **parts, "annotations": labels})
        manifests[digest_of(manifest)] = manifest
        entries.append(_descriptor(IMAGE, manifest) | {"platform": {"architecture": architecture, "os": "linux"}})
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": labels}
    return Image(_json(index), manifests, blobs)


def digest_of(content: bytes) -> str:
    """Return a digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _layer(bundle: Bundle, signature: bytes | None) -> bytes:
    """Return the bundle's files as an archive without times, owners and compression, which differ between machines."""
    # A signature is over the manifest as it is in its file.
    files = {**bundle.files, MANIFEST: bundle.manifest_text or readable(bundle.manifest)}
    files |= {} if signature is None else {SIGNATURE: signature}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            # Any user of a pod must be able to read it: a mounted image keeps its owners and modes.
            entry.size, entry.mode = len(content), 0o444
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def _labels(manifest: Manifest) -> dict[str, str]:
    signature = hashlib.sha256(msgspec.json.encode(manifest.signature, order="sorted")).hexdigest()
    return {
        "org.opencontainers.image.title": manifest.name,
        "org.opencontainers.image.version": manifest.version,
        "score-app.signature": f"sha256:{signature}",
        "score-app.task": manifest.signature.task,
    }


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
