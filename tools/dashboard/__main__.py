"""python -m tools.dashboard: load a service for three minutes, and draw what its dashboard shows then."""

import json
import sys
from contextlib import ExitStack, contextmanager
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import time

from gitops.generate.observability import MIN_ROWS
from model.prediction_log.ship import Shipper
from model.prediction_log.store import Store
from monitoring.dashboard import dashboard
from tests.helpers.manifests import ROOT
from tests.helpers.prometheus import filled, observed
from tests.helpers.server import running
from tools.dashboard.drawing import drawn
from tools.dashboard.load import MODELS, Load

SECONDS, STEP, PODS = 180, 3, 2
PICTURE = ROOT / "docs" / "dashboard.svg"


def loaded(seconds):
    """Return every panel with what its queries answer after a load of so many seconds."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()))
        settings = {"model": ",".join(MODELS), "log_level": "error", "feedback_capacity": 10_000}
        settings["prediction_log_seconds"] = 10
        folders = [place / f"log-{number}" for number in range(PODS)]
        stack.enter_context(shipped(folders, Store(str(place / "store"))))
        services = [stack.enter_context(running(**settings, prediction_log=folder)) for folder in folders]
        prometheus = stack.enter_context(observed(place, services, f"{STEP}s"))
        start = time()
        Load(services, seconds).run()
        end = time()
        return [(panel, answers(prometheus, panel, start, end)) for panel in json.loads(dashboard(MIN_ROWS))["panels"]]


@contextmanager
def shipped(folders, store):
    """Ship the prediction logs in these folders, as the pods' sidecars do."""
    stop = Event()
    threads = [Thread(target=Shipper(folder, store, log=lambda *_, **__: None).run, args=[stop]) for folder in folders]
    for folder, thread in zip(folders, threads, strict=True):
        folder.mkdir()
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for each in threads:
            each.join(30)


def answers(prometheus, panel, start, end):
    """Return a panel's series by name: what Grafana would plot."""
    found = []
    for target in panel.get("targets", ()):
        for series in prometheus.range(filled(target["expr"]), start, end, STEP):
            name = target["legendFormat"]
            for label in ("le", "model", "version", "category", "feature", "route", "http_status", "reason", "pod"):
                name = name.replace(f"{{{{{label}}}}}", series["metric"].get(label, ""))
            points = [(moment, float(value)) for moment, value in series["values"] if isfinite(float(value))]
            found.append((name or panel["title"], points))
    return found


def main(seconds):
    PICTURE.write_text(drawn(loaded(seconds), "The dashboard"))
    print(f"written: {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main(int(*sys.argv[1:] or [SECONDS]))
