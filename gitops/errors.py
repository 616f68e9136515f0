"""The errors that every command reports in one line."""


class GitopsError(Exception):
    """A refusal or a wrong input, in one sentence that says what to do instead; exit code 2."""


class CheckFailedError(GitopsError):
    """Something was done, and is not as it should be; exit code 1."""
