"""What a private repository asks of a controller: a token for HTTPS, or the key of a deploy key for SSH."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops.errors import GitopsError

_SSH = re.compile(r"ssh://|[^/@]+@[^/:]+:")


@dataclass(frozen=True)
class Access:
    """A token with a user's name, or a private key with the keys of the server's host."""

    username: str = "git"
    token: str = ""
    key: str = ""
    known_hosts: str = ""

    def require_suits(self, url: str) -> None:
        """Refuse a token for SSH, and a key for anything else."""
        ssh = bool(_SSH.match(url))
        if self.token and self.key:
            raise GitopsError("give a token or a deploy key, not both")
        if self.token and ssh:
            raise GitopsError(f"{url} is read over SSH: give --deploy-key instead of a token")
        if self.key and not ssh:
            raise GitopsError(f"{url} is read over HTTPS: give --token-from instead of a deploy key")
        if self.key and "PRIVATE KEY" not in self.key:
            raise GitopsError("the deploy key is not a private key: give the file without .pub")
        if self.key and not self.known_hosts:
            raise GitopsError("a deploy key needs --known-hosts FILE, which `ssh-keyscan HOST` writes")
