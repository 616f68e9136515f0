"""What a user can mend."""


class UserError(Exception):
    """Why what was asked cannot be done, in one sentence for whoever asked."""
