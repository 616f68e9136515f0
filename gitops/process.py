"""Run other programs: their arguments and output are UTF-8, whatever the locale is."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

Done = subprocess.CompletedProcess[str]


def run(
    *command: str, timeout: float | None = None, environment: Mapping[str, str] | None = None, text: str | None = None
) -> Done:
    """Run a program, which may read a text; return its exit code and output; bytes not UTF-8 become surrogates."""
    encoded = [each.encode(errors="surrogateescape") for each in command]
    return subprocess.run(  # noqa: S603
        encoded, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False, timeout=timeout,
        env=environment, input=text,
    )  # fmt: skip
