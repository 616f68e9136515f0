"""What a browser is given: pages made from templates, and the files they need, all from this very server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.dialects import Reply, Request
from api.errors import ApiError
from api.scoring import Models
from model.runtime.load import Model

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "model"
# What every file of a kind begins with: the look that all share and the card's, the one thing that scripts share.
SHARED = {".css": (MODEL / "look.css", MODEL / "card" / "page.css"), ".js": (HERE / "copier.js",)}
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


def _content(file: Path) -> bytes:
    """Return a static file, with what all of its kind share before it."""
    return b"".join(each.read_bytes() for each in (*SHARED.get(file.suffix, ()), file))


def _lasting(file: Path) -> str:
    """Return a name that changes with the content, so that what it names can be kept for ever."""
    return f"{file.stem}.{hashlib.sha256(_content(file)).hexdigest()[:12]}{file.suffix}"


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return each static file under its lasting name."""
    return {_lasting(file): (_content(file), KINDS[file.suffix]) for file in (HERE / "static").iterdir()}


@cache
def _named(file: str) -> str:
    """Return the lasting name of a static file, for a template."""
    return _lasting(HERE / "static" / file)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["static"] = _named
    return templates


def page(template: str, status: int = 200, *, root: str = "", **shown: Any) -> Reply:
    """Return a page made from a template; `root` leads from its address to the service's."""
    text = _templates().get_template(template).render(shown, root=root)
    kept = (("Cache-Control", "no-store"), ("Vary", "Accept"))
    return Reply(text.encode(), status, "text/html; charset=utf-8", (*_HEADERS, *kept))


def static(_: Models, __: Request, name: str) -> Reply:
    """Answer with a static file, which may be kept for ever under this name."""
    try:
        content, kind = _files()[name]
    except KeyError:
        raise ApiError(404, "unknown_path", "there is no such file") from None
    lasting = ("Cache-Control", "public, max-age=31536000, immutable")
    return Reply(content, content_type=kind, headers=(*_HEADERS, lasting))


def chosen(models: Models, fields: Mapping[str, str]) -> Model:
    """Return the model that a query or a form names, or the first."""
    return models.get(fields["model"]) if "model" in fields else models.default


def apidocs(models: Models, request: Request) -> Reply:
    """Show the page that describes every operation and lets it be tried."""
    return page("apidocs.html", root="../", models=models, model=chosen(models, request.query), here="apidocs/")
