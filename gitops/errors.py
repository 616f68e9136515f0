"""The error that every command reports in one line."""


class GitopsError(Exception):
    """A refusal or a wrong input, in one sentence that says what to do instead; exit code 2."""
