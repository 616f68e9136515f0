"""python -m tools.dashboard: load a service for three minutes, and draw what its dashboard shows then."""

import json
import sys
from contextlib import ExitStack
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

from gitops.generate.observability import MIN_ROWS
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
        settings = {"model": ",".join(MODELS), "log_level": "error", "feedback_capacity": 10_000}
        services = [stack.enter_context(running(**settings)) for _ in range(PODS)]
        place = stack.enter_context(TemporaryDirectory())
        prometheus = stack.enter_context(observed(Path(place), services, f"{STEP}s"))
        start = time()
        Load(services, seconds).run()
        end = time()
        return [(panel, answers(prometheus, panel, start, end)) for panel in json.loads(dashboard(MIN_ROWS))["panels"]]


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
