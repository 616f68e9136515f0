"""Pushing a bundle's image to a registry by the protocol of the OCI distribution specification."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

from model.oci import access
from model.oci.image import IMAGE, INDEX, Image
from model.user_error import UserError

_NAME = re.compile(r"[\w.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_SECONDS = 30
_MOST = 1_000_000
"""More than any answer that is read."""
_ACCESS = {401: "docker login first", 403: "this account may not push there", 404: "there is no such repository"}


def push(image: Image, repository: str) -> str:
    """Push an image, and return its name by digest; what the registry has already is not sent again."""
    if not _NAME.fullmatch(repository):
        raise UserError(f"{repository!r} is not the name of an image: use REGISTRY/NAME, without a tag")
    host, _, name = repository.partition("/")
    registry = _Registry(host, name)
    try:
        for digest, content in image.blobs.items():
            registry.push_blob(digest, content)
        for digest, content in image.manifests.items():
            registry.push_manifest(digest, content, IMAGE)
        registry.push_manifest(image.digest, image.index, INDEX)
    except HTTPError as error:
        reason = _ACCESS.get(error.code) or " ".join(error.read(300).decode(errors="replace").split())
        raise UserError(f"{host} answers with {error.code}: {reason}; nothing is to be released yet") from None
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", error)
        raise UserError(f"{host} does not answer as a registry: {why}; nothing is to be released yet") from None
    return f"{repository}@{image.digest}"


@dataclass
class _Registry:
    """One repository of a registry."""

    host: str
    name: str
    authorization: str | None = None

    @property
    def base(self) -> str:
        """Return where its paths begin; as with Docker, a registry on this machine needs no TLS."""
        local = self.host.partition(":")[0] in ("localhost", "127.0.0.1")
        server = "registry-1.docker.io" if self.host in access.DOCKER_HUB else self.host
        return f"{'http' if local else 'https'}://{server}/v2/{self.name}/"

    def push_blob(self, digest: str, content: bytes) -> None:
        """Send a layer or a configuration, unless it is there."""
        try:
            self._ask("HEAD", f"{self.base}blobs/{digest}")
        except HTTPError as error:
            if error.code != 404:
                raise
        else:
            return
        place = self._ask("POST", f"{self.base}blobs/uploads/")["Location"]
        if not place:
            raise ValueError("it names no place for an upload")
        url = urljoin(self.base, place)
        sign = "&" if "?" in url else "?"
        self._ask("PUT", f"{url}{sign}{urlencode({'digest': digest})}", content, "application/octet-stream")

    def push_manifest(self, digest: str, content: bytes, kind: str) -> None:
        """Send a manifest or the index."""
        self._ask("PUT", f"{self.base}manifests/{digest}", content, kind)

    def _ask(self, method: str, url: str, content: bytes = b"", kind: str = "") -> HTTPMessage:
        try:
            return self._send(method, url, content, kind)
        except HTTPError as error:
            if error.code != 401 or not self._login(error.headers.get("WWW-Authenticate") or ""):
                raise
        return self._send(method, url, content, kind)

    def _send(self, method: str, url: str, content: bytes, kind: str) -> HTTPMessage:
        headers = {"Content-Type": kind} if kind else {}
        headers |= {"Authorization": self.authorization} if self.authorization else {}
        body = content if method in ("POST", "PUT") else None
        with urlopen(Request(url, body, headers, method=method), timeout=_SECONDS) as answer:  # noqa: S310
            found: HTTPMessage = answer.headers
            return found

    def _login(self, challenge: str) -> bool:
        """Take what a registry asks for; return whether that is something new."""
        known, scheme = access.basic(self.host), challenge.partition(" ")[0].lower()
        before, self.authorization = self.authorization, f"Basic {known}" if known else None
        if scheme == "bearer":
            self.authorization = self._token(dict(_CHALLENGE.findall(challenge)))
        return self.authorization not in (None, before)

    def _token(self, challenge: dict[str, str]) -> str | None:
        """Return a token of the server that the registry names; it may give one without a password too."""
        wanted = {"scope": f"repository:{self.name}:pull,push"} | {k: v for k, v in challenge.items() if k == "service"}
        headers = {"Authorization": self.authorization} if self.authorization else {}
        url = f"{challenge.get('realm', '')}?{urlencode(wanted)}"
        if not url.startswith(("https://", self.base.partition("://")[0] + "://")):
            return None
        with urlopen(Request(url, headers=headers), timeout=_SECONDS) as answer:  # noqa: S310
            found = json.loads(answer.read(_MOST))
        token = found.get("token") or found.get("access_token")
        return f"Bearer {token}" if token else None
