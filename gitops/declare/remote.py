"""The address of a repository, checked, or guessed from a remote of git."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from gitops import fields
from gitops.errors import GitopsError
from gitops.repository import Repository

# How git writes an address for ssh: git@github.com:owner/name.git
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!/)(.+)")
_REGISTRIES = {"github.com": "ghcr.io", "gitlab.com": "registry.gitlab.com"}


def parse(url: str) -> str:
    """Return an address that a controller can sync; refuse one with a password, which would be in git."""
    try:
        parts = urlsplit(url)
        host, password = parts.hostname, parts.password
    except ValueError:
        host = password = None
    if password:
        raise GitopsError("the address has a password, and every reader of git would have it: leave it out")
    if not fields.ADDRESS.fullmatch(url) or not (host or _SCP.fullmatch(url)) or not path(url):
        raise GitopsError(f"{url!r} is not the address of a repository: use one like https://github.com/owner/name.git")
    return url


def path(url: str) -> str:
    """Return the path of an address without its ending: owner/name."""
    found = _SCP.fullmatch(url) if "://" not in url else None
    return (found[2] if found else urlsplit(url).path).strip("/").removesuffix(".git")


def identity(url: str) -> str:
    """Return an address without scheme, user and ending: host/owner/name."""
    found = _SCP.fullmatch(url) if "://" not in url else None
    host = found[1] if found else urlsplit(url).netloc.rpartition("@")[2]
    return f"{host}/{path(url)}"


def owner(url: str) -> str:
    """Return the account that a repository belongs to."""
    return path(url).partition("/")[0]


def guessed(repository: Repository) -> str | None:
    """Return the address of origin or the only remote, by https and without a user; None if no server has it."""
    names = repository.git("remote", check=False).split()
    name = "origin" if "origin" in names else names[0] if len(names) == 1 else None
    url = repository.git("remote", "get-url", name, check=False).strip() if name else ""
    if "://" not in url:
        return f"https://{identity(url)}.git" if _SCP.fullmatch(url) else None
    if url.startswith("file:"):
        return None
    return f"https://{identity(url)}.git" if url.startswith(("https:", "ssh:")) else parse(url)


def guessed_image(url: str) -> str | None:
    """Return where the images of a repository usually are, if its server has a registry."""
    host, _, name = identity(url).lower().partition("/")
    return f"{_REGISTRIES[host]}/{name}" if host in _REGISTRIES else None
