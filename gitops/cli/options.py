"""The options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import click

from gitops.escaping import decoded


class Reason(click.ParamType[str]):
    """A text that says why: not blank, and in UTF-8."""

    name = "reason"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """Return what help shows for the value."""
        return "REASON"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reason without spaces around it."""
        found = decoded(value).strip()
        if not found:
            self.fail("a reason is needed, and this is blank.", param, ctx)
        try:
            found.encode()
        except UnicodeError:
            self.fail("this is not UTF-8 text.", param, ctx)
        return found


class Address(click.ParamType[str]):
    """The address of an HTTP server."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address without slashes at its end."""
        try:
            found = urlsplit(value)
            valid = found.scheme in ("http", "https") and bool(found.hostname) and value.isascii() and (found.port or 1)
        except ValueError:
            valid = False
        if not valid or re.search(r"[\s\x00-\x1f]", value):
            self.fail(f"{value!r} is not an address like http://127.0.0.1:5000.", param, ctx)
        return value.rstrip("/")


REASON, URL, TIMEOUT = Reason(), Address(), click.IntRange(0, 86400)
ROOT = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The repository (default: here)."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
DETAILED = click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 if something was changed or differs.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Check and show everything, change nothing.")
FORCE_HELD = click.option("--force-held", type=REASON, help="Release again what was rolled back.")
UNVERIFIED = click.option("--allow-unverified", type=REASON, help="Promote what was not verified, in an emergency.")
PULL_REQUEST = click.option("--pr", is_flag=True, help="Commit to a branch, and write build/pull-request.md.")
NO_PUSH = click.option("--no-push", is_flag=True, help="Only commit: do not contact the remote.")
CHECK = click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file is stale.")
CONTEXT = click.option(
    "--context", metavar="NAME", help="Use this context of the kubeconfig instead of the current one."
)
PODS_TIMEOUT = click.option(
    "--timeout", type=TIMEOUT, metavar="SECONDS", default=180, show_default=True, help="How long to wait for the pods."
)
