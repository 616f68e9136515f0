"""What a browser is given: pages made from templates, and the files they need, all from this very server."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.dialects import Reply, Request
from api.errors import ApiError
from api.scoring import Models

HERE = Path(__file__).parent
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
# Nothing inline and nothing from elsewhere: what a page shows can never become a script that runs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return each static file under a name that changes with its content, so that it can be kept for ever."""
    found = {}
    for file in sorted((HERE / "static").iterdir()):
        content = file.read_bytes()
        name = f"{file.stem}.{hashlib.sha256(content).hexdigest()[:12]}{file.suffix}"
        found[name] = (content, KINDS[file.suffix])
    return found


def _named(file: str) -> str:
    """Return the lasting name of a static file."""
    stem, _, suffix = file.rpartition(".")
    return next(name for name in _files() if name.startswith(f"{stem}.") and name.endswith(f".{suffix}"))


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["static"] = _named
    return templates


def page(template: str, status: int = 200, **shown: Any) -> Reply:
    """Return a page made from a template."""
    text = _templates().get_template(template).render(shown)
    return Reply(text.encode(), status, "text/html; charset=utf-8", (*_HEADERS, ("Cache-Control", "no-cache")))


def static(_: Models, __: Request, name: str) -> Reply:
    """Answer with a static file, which may be kept for ever under this name."""
    try:
        content, kind = _files()[name]
    except KeyError:
        raise ApiError(404, "unknown_path", "there is no such file") from None
    lasting = ("Cache-Control", "public, max-age=31536000, immutable")
    return Reply(content, content_type=kind, headers=(*_HEADERS, lasting))


def apidocs(_: Models, __: Request) -> Reply:
    """Show the page that describes every operation and lets it be tried."""
    return page("apidocs.html", root="../")
