"""Every path that is answered, and by which function: the program's table of contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from api import health
from api.dialects import Reply, Request, predict, score
from api.scoring import Models
from api.service import Endpoint
from model.runtime import Model

Dialect = Callable[[Models, Model, Request], Reply]


def default_model(dialect: Dialect) -> Callable[[Models, Request], Reply]:
    """Ask the first model, on a path that names none."""
    return lambda models, request: dialect(models, models.default, request)


ENDPOINTS = (
    Endpoint("GET", "/", health.alive, score.error),
    Endpoint("GET", "/livez", health.live, score.error),
    Endpoint("GET", "/healthz", health.live, score.error),
    Endpoint("GET", "/healthcheck", health.live, score.error),
    Endpoint("GET", "/readyz", health.ready, score.error),
    Endpoint("GET", "/test", health.running, score.error),
    Endpoint("GET", "/error", health.broken, score.error),
    Endpoint("POST", "/score", default_model(score.score), score.error, scoring=True),
    Endpoint("POST", "/predict", default_model(predict.predict), predict.error, scoring=True),
    Endpoint("GET", "/predict", default_model(predict.predict_query), predict.error, scoring=True),
    Endpoint("POST", "/predict_file", default_model(predict.predict_file), predict.error, scoring=True),
)


def lanes(models: Models) -> Iterator[tuple[str, tuple[Endpoint, dict[str, Any]]]]:
    """Give each concrete path that the fast lane may answer; a file upload is Flask's to take apart."""
    for endpoint in ENDPOINTS:
        if endpoint.scoring and endpoint.method == "POST" and endpoint.path != "/predict_file":
            for names in [{"name": name} for name in models.by_name] if "<name>" in endpoint.path else [{}]:
                yield endpoint.path.replace("<name>", names.get("name", "")), (endpoint, names)
