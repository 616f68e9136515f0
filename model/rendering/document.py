"""A self-contained page: its styles are within it, and it forbids itself every request and script."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from model.rendering.styles import STYLES
from model.rendering.svg import escape_text


def document(title: str, body: str) -> str:
    """Return a whole page."""
    style = "".join(file.read_text(encoding="utf-8") for file in STYLES)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape_text(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
