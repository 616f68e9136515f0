"""Whether an environment meets its SLO, by the metrics of the last minutes."""

from __future__ import annotations

from urllib.parse import urlencode

from gitops.cluster.http import fetch_json
from monitoring.queries import OBJECTIVES, missed, total
from monitoring.slo import Slo

WINDOW = "5m"


def find_missed_objective(url: str, slo: Slo) -> str | None:
    """Return which objective the environment misses, or None; no requests miss none."""
    for objective in OBJECTIVES:
        query = f"{missed(slo, objective, WINDOW)} / {total(slo, objective, WINDOW)}"
        try:
            found = fetch_json(f"{url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}")["data"]["result"]
            share = float(found[0]["value"][1]) if found else 0.0
        except OSError as error:
            return f"Prometheus does not answer: {error}"
        except (ValueError, LookupError, TypeError):
            return f"{url} answers, but not as Prometheus does"
        if share > slo.allowed(objective):
            meaning = "answered with 5xx" if objective == "errors" else f"slower than {slo.seconds} s"
            return f"{share:.2%} of the requests were {meaning}, {slo.allowed(objective):.2%} are allowed"
    return None
