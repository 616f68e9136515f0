"""API keys: who may score."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from api.errors import ApiError


class ApiKeys:
    """The keys of the scoring routes."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def require(self, text: str) -> None:
        """Raise a 401 unless this is one of the keys."""
        found = text.encode()
        # Every key is compared, so that the time does not tell which one was nearly right.
        if not sum([hmac.compare_digest(found, key) for key in self._keys]):
            raise ApiError(401, "unauthorized", "a valid key is needed: Authorization: Bearer KEY, or X-API-Key: KEY")
