"""What stops a command, in one sentence that says what to do instead."""


class GitopsError(Exception):
    """A command that cannot be done; exit code above 1."""
