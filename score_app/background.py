"""python -m score_app.background: the service, until the process that started it ends or closes this one's input."""

from __future__ import annotations

import os
import signal
from threading import Thread

from api.__main__ import main


def _end_with_input() -> None:
    """Wait for the end of the input, which comes however the other process ends, and end the service."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    Thread(target=_end_with_input, daemon=True).start()
    main()
