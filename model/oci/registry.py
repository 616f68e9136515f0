"""Pushing a bundle's image to a registry, with the access that `docker login` has left in its configuration."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from oras.container import Container
from oras.provider import Registry
from requests.exceptions import RequestException

from model.bundle.files import BundleError
from model.oci.image import IMAGE, INDEX, Image

_NAME = re.compile(r"[\w.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_ACCESS = {401: "docker login first", 403: "this account may not push there", 404: "there is no such repository"}


def push(image: Image, repository: str) -> str:
    """Push an image, and return its name by digest; what the registry has already is not sent again."""
    host = repository.partition("/")[0]
    if not _NAME.fullmatch(repository):
        raise BundleError(f"{repository!r} is not the name of an image: use REGISTRY/NAME, without a tag")
    # Docker's own convention: a registry on this machine needs no TLS.
    registry = Registry(insecure=host.partition(":")[0] in ("localhost", "127.0.0.1"))
    logging.getLogger("oras.logger").setLevel(logging.CRITICAL)
    place = Container(f"{repository}@{image.digest}")
    try:
        registry.auth.load_configs(place)
        _push_blobs(registry, place, image.blobs)
        for digest, content in image.manifests.items():
            _push_manifest(registry, place, digest, content, IMAGE)
        _push_manifest(registry, place, image.digest, image.index, INDEX)
    except RequestException as error:
        raise BundleError(f"{host} does not answer: {type(error).__name__}; nothing was pushed") from None
    except ValueError:
        raise BundleError(f"{host} asks for an access that is not in Docker's configuration: {_ACCESS[401]}") from None
    return f"{repository}@{image.digest}"


def _push_blobs(registry: Registry, place: Container, blobs: Mapping[str, bytes]) -> None:
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "blob"
        for digest, content in blobs.items():
            file.write_bytes(content)
            answer = registry.upload_blob(str(file), place, {"digest": digest, "size": len(content)})
            _require(answer, place)


def _push_manifest(registry: Registry, place: Container, digest: str, content: bytes, kind: str) -> None:
    url = f"{registry.prefix}://{place.manifest_url(digest)}"
    _require(registry.do_request(url, "PUT", data=content, headers={"Content-Type": kind}), place)


def _require(answer: Any, place: Container) -> None:
    """Refuse an answer that is no success, with what the registry says."""
    if answer.status_code in (200, 201, 202):
        return
    reason = _ACCESS.get(answer.status_code) or " ".join(answer.text.split())[:200]
    raise BundleError(f"{place.registry} answers with {answer.status_code}: {reason}; nothing was pushed")
