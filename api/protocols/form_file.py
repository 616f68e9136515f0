"""The file of an upload: the body itself, or a part of a multipart form."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from api.errors import ApiError
from api.protocols.message import Request

MAX_FIELD_BYTES = 500_000
"""Of all fields that are no files."""
MAX_PARTS = 1000


def file_of_upload(request: Request) -> bytes:
    """Return the uploaded file."""
    return _file_of_form(request) if request.content_type.startswith("multipart/") else request.body


def _file_of_form(request: Request) -> bytes:
    """Return the content of the file that a form sends under the name "file"."""
    from werkzeug.exceptions import RequestEntityTooLarge  # noqa: PLC0415 - only uploads need werkzeug before Flask
    from werkzeug.formparser import FormDataParser  # noqa: PLC0415
    from werkzeug.http import parse_options_header  # noqa: PLC0415

    _, options = parse_options_header(request.header("CONTENT_TYPE"))
    parser = FormDataParser(_in_memory, max_form_memory_size=MAX_FIELD_BYTES, max_form_parts=MAX_PARTS)
    try:
        _, _, files = parser.parse(BytesIO(request.body), request.content_type, len(request.body), options)
    except RequestEntityTooLarge:
        raise ApiError(413, "too_large", f"the form has over {MAX_PARTS} parts or {MAX_FIELD_BYTES} bytes") from None
    if "file" not in files:
        raise ApiError(400, "malformed", 'the form must have a file under the name "file"')
    if len(files.getlist("file")) > 1:
        raise ApiError(400, "malformed", 'the form has several files under the name "file"')
    content: bytes = files["file"].read()
    return content


def _in_memory(*_: Any, **__: Any) -> BytesIO:
    """Return where a file is kept while it is parsed: not on a disk, which may be full or read-only."""
    return BytesIO()
