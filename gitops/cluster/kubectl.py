"""kubectl, for one context."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from gitops import process
from gitops.cluster import api_errors
from gitops.errors import GitopsError

MISSING = "kubectl is not installed: install it, and point it to a cluster"


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl in a context, by default in the current one."""

    context: str | None = None

    def command(self, *args: str) -> tuple[str, ...]:
        """Return the command line."""
        return ("kubectl", *(("--context", self.context) if self.context else ()), *args)

    def run(self, *args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run kubectl, and return its output and exit code."""
        try:
            return process.run(*self.command(*args), timeout=timeout)
        except FileNotFoundError:
            raise GitopsError(MISSING) from None
        except subprocess.TimeoutExpired:
            raise GitopsError(f"kubectl {args[0]} did not end within {timeout:.0f} s") from None

    def output(self, *args: str, timeout: float = 60) -> str:
        """Run kubectl and return its output; a failure is an error."""
        done = self.run(*args, timeout=timeout)
        if done.returncode:
            raise GitopsError(api_errors.of_kubectl(args[0], done.stderr))
        return done.stdout
