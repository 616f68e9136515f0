"""Pages made from templates, and the static files they need, all from this server."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.errors import ApiError
from api.inference.models import Models
from api.protocols.json_codec import encode_json
from api.protocols.message import Request, Response
from model.rendering.styles import STYLES

FOLDER = Path(__file__).parent
# The files that each static file of a type begins with.
SHARED = {".css": STYLES, ".js": (FOLDER / "shared.js",)}
CONTENT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
# Nothing inline and nothing from elsewhere: what a page shows can never become a script that runs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


def _content(file: Path) -> bytes:
    """Return a static file, after the files that all of its type share."""
    return b"".join(each.read_bytes() for each in (*SHARED.get(file.suffix, ()), file))


def _hashed_name(file: Path) -> str:
    """Return a name that changes with the content, so that browsers may cache the file for ever."""
    return f"{file.stem}.{hashlib.sha256(_content(file)).hexdigest()[:12]}{file.suffix}"


@cache
def _static_files() -> dict[str, tuple[bytes, str]]:
    """Return content and content type of each static file by its hashed name."""
    files = (FOLDER / "static").iterdir()
    return {_hashed_name(file): (_content(file), CONTENT_TYPES[file.suffix]) for file in files}


@cache
def _static_name(file: str) -> str:
    """Return the hashed name of a static file, for a template."""
    return _hashed_name(FOLDER / "static" / file)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["static"] = _static_name
    return templates


def page(template: str, status: int = 200, *, root: str = "", **values: Any) -> Response:
    """Return a page made from a template; `root` is the relative path from the page to the service."""
    text = _templates().get_template(template).render(values, root=root)
    caching = (("Cache-Control", "no-store"), ("Vary", "Accept"))
    return Response(text.encode(), status, "text/html; charset=utf-8", (*_SECURITY_HEADERS, *caching))


def redirection(location: str) -> Response:
    """Redirect to a path relative to the request's own, so that no Host header decides where it leads."""
    return Response(encode_json({"location": location}), 303, headers=(("Location", location),))


def show_static(_: Models, __: Request, name: str) -> Response:
    """Return a static file."""
    try:
        content, content_type = _static_files()[name]
    except KeyError:
        raise ApiError(404, "unknown_path", "there is no such file") from None
    caching = ("Cache-Control", "public, max-age=31536000, immutable")
    return Response(content, content_type=content_type, headers=(*_SECURITY_HEADERS, caching))


def redirect_to_apidocs(_: Models, request: Request) -> Response:
    """Redirect to the page whose links are relative to its final slash."""
    query = urlencode(request.query)
    return redirection(f"apidocs/?{query}" if query else "apidocs/")


def show_apidocs(models: Models, request: Request) -> Response:
    """Return the page that describes every operation and can run it."""
    model = models.get_or_default(request.query.get("model"))
    return page("apidocs.html", root="../", models=models, model=model, current="apidocs/")
