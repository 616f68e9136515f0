"""What a user can do something about."""

from __future__ import annotations

from model.bundle.files import BundleError


class LogError(BundleError):
    """A log that cannot be shipped or read as asked, in one sentence."""
