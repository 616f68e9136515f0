"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

ROOT = click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The repository (default: here)."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
DETAILED = click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 if something was changed or differs.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Check and show everything, change nothing.")
FORCE_HELD = click.option("--force-held", default="", metavar="REASON", help="Release again what was rolled back.")
PULL_REQUEST = click.option("--pr", is_flag=True, help="Commit to a branch, and write build/pull-request.md.")
NO_PUSH = click.option("--no-push", is_flag=True, help="Only commit: do not contact the remote.")
CHECK = click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file is stale.")
