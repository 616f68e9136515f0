"""python -m model.prediction_log: ship the segments of a folder to a store, until SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event
from typing import NoReturn

from model.bundle.files import BundleError

USAGE = """usage: python -m model.prediction_log [--once]

Turns the segments in PREDICTION_LOG, a folder, into Parquet in PREDICTION_LOG_STORE: s3://BUCKET/FOLDER, or a folder.
Features that the service says are to be hashed need PREDICTION_LOG_HASH_KEY. With --once it ships what is there."""


def main() -> None:
    """Ship until SIGTERM, and then what is left; Ctrl-C ends at once."""
    options = sys.argv[1:]
    if options not in ([], ["--once"]):
        print(USAGE, file=sys.stdout if options in (["-h"], ["--help"]) else sys.stderr)
        sys.exit(0 if options in (["-h"], ["--help"]) else 2)
    folder = Path(_required("PREDICTION_LOG", "the folder that the service writes to"))
    place = _required("PREDICTION_LOG_STORE", "s3://BUCKET/FOLDER, or a folder")
    if not folder.is_dir():
        _stop(f"PREDICTION_LOG {str(folder)!r} is not a folder")
    from model.prediction_log.ship import Shipper, log_line  # noqa: PLC0415 - a wrong setting is reported at once
    from model.prediction_log.store import Store  # noqa: PLC0415

    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        shipper = Shipper(folder, Store(place), os.environ.get("PREDICTION_LOG_HASH_KEY", ""))
        log_line("info", "prediction_log_shipper_started", folder=str(folder), store=place)
        if options:
            sys.exit(0 if shipper.ship_all() else 1)
        shipper.run(stop)
    except BundleError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _required(name: str, what: str) -> str:
    return os.environ.get(name) or _stop(f"{name} is not set: {what}")


def _stop(text: str) -> NoReturn:
    print(f"error: {text}", file=sys.stderr)  # noqa: T201
    sys.exit(2)


if __name__ == "__main__":
    main()
