"""Which answers a caller may get: 2xx, 4xx, or 503 with Retry-After, a refusal in the error shape of its protocol."""

import json


def _own(found):
    return set(found["error"]) >= {"code", "message", "request_id"}


SHAPES = {
    "own": _own,
    "predict": lambda found: isinstance(found["message"], str) and isinstance(found["detail"], list),
    "mlflow": lambda found: isinstance(found["error_code"], str) and isinstance(found["message"], str),
    "error": lambda found: isinstance(found["error"], str),
}


def fault(answer, shape):
    """Return what is wrong with an answer, or nothing."""
    status = answer.status
    if answer.fault:
        return answer.fault
    # A browser's form is answered with a redirect.
    if 200 <= status < 300 or (status == 303 and shape == "page"):
        return ""
    if status == 503 and not answer.headers.get("retry-after", "").isdigit():
        return "503 without Retry-After"
    if status != 503 and not 400 <= status < 500:
        return f"status {status}"
    return "" if shape == "page" or _shaped(answer, shape) else f"{status} in another shape: {answer.body[:80]!r}"


def _shaped(answer, shape):
    try:
        return SHAPES[shape](json.loads(answer.body))
    except (ValueError, KeyError, TypeError):
        return False
