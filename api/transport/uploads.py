"""The file in a multipart form."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from api.errors import ApiError

MAX_FIELD_BYTES = 500_000
"""Of all fields that are no files."""
MAX_PARTS = 1000


def file_of_form(body: bytes, content_type: str) -> bytes:
    """Return the content of the file that a form sends under the name "file"."""
    media_type, options = parse_options_header(content_type)
    parser = FormDataParser(_in_memory, max_form_memory_size=MAX_FIELD_BYTES, max_form_parts=MAX_PARTS)
    _, _, files = parser.parse(BytesIO(body), media_type, len(body), options)
    if "file" not in files:
        raise ApiError(400, "malformed", 'the form must have a file under the name "file"')
    content: bytes = files["file"].read()
    return content


def _in_memory(*_: Any, **__: Any) -> BytesIO:
    """Return where a file is kept while it is parsed: not on a disk, which may be full or read-only."""
    return BytesIO()
