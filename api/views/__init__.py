"""What a browser is shown. The pages need no script, hold no secret and keep no session."""
