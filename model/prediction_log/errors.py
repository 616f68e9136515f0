"""What a user can do something about."""

from __future__ import annotations

from model.user_error import UserError


class LogError(UserError):
    """A log that cannot be shipped or read as asked, in one sentence."""
