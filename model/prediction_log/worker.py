"""python -m model.prediction_log.worker: the process that ships, which a supervisor starts."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event, Thread

from model.prediction_log.log_lines import log_line
from model.prediction_log.ship import Shipper
from model.prediction_log.store import Store
from model.prediction_log.supervise import FORWARDED, INTERRUPTED, REFUSED
from model.user_error import UserError


def open_shipper() -> Shipper:
    """Return the shipper that the environment describes, or end with a sentence if there can be none."""
    folder, place = os.environ["PREDICTION_LOG"], os.environ["PREDICTION_LOG_STORE"]
    try:
        shipper = Shipper(Path(folder), Store(place), os.environ.get("PREDICTION_LOG_HASH_KEY", ""))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(REFUSED)
    log_line("info", "prediction_log_shipper_started", folder=folder, store=place)
    return shipper


def main() -> None:
    """Ship until SIGTERM, and then what is left; Ctrl-C ends at once, and so does the end of the supervisor."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    Thread(target=_end_with_supervisor, daemon=True).start()
    try:
        open_shipper().run(stop)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _end_with_supervisor() -> None:
    # Not by sys.stdin, whose lock this thread would still hold when the process ends.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
