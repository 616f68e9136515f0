"""python -m model.prediction_log: ship the segments of a folder to a store, until SIGTERM."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from model.prediction_log.supervise import INTERRUPTED, REFUSED, Supervisor, most_bytes

USAGE = """usage: python -m model.prediction_log [--once]

Turns the segments in PREDICTION_LOG, a folder, into Parquet in PREDICTION_LOG_STORE: s3://BUCKET/FOLDER, or a folder.
Features that the service says are to be hashed need PREDICTION_LOG_HASH_KEY. With --once it ships what is there."""


def main() -> None:
    """Ship until SIGTERM, and then what is left; Ctrl-C ends at once."""
    options = sys.argv[1:]
    if options not in ([], ["--once"]):
        print(USAGE, file=sys.stdout if options in (["-h"], ["--help"]) else sys.stderr)
        sys.exit(0 if options in (["-h"], ["--help"]) else REFUSED)
    folder = _required("PREDICTION_LOG", "the folder that the service writes to")
    _required("PREDICTION_LOG_STORE", "s3://BUCKET/FOLDER, or a folder")
    if not Path(folder).is_dir():
        _stop(f"PREDICTION_LOG {folder!r} is not a folder")
    if not options:
        sys.exit(Supervisor([sys.executable, "-m", "model.prediction_log.worker"], most_bytes()).run())
    from model.prediction_log.worker import open_shipper  # noqa: PLC0415 - imports pyarrow

    try:
        sys.exit(0 if open_shipper().ship_all() else 1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _required(name: str, what: str) -> str:
    return os.environ.get(name) or _stop(f"{name} is not set: {what}")


def _stop(text: str) -> NoReturn:
    print(f"error: {text}", file=sys.stderr)  # noqa: T201
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
