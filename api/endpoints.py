"""Every path that is answered, and by which function: the program's table of contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from api import health, openapi
from api.dialects import Reply, Request, mlflow, predict, score, v1, v2, v2_infer
from api.scoring import Models
from api.service import Endpoint
from model.runtime import Model

Dialect = Callable[[Models, Model, Request], Reply]


def default_model(dialect: Dialect) -> Callable[[Models, Request], Reply]:
    """Ask the first model, on a path that names none."""
    return lambda models, request: dialect(models, models.default, request)


def _versioned(method: str, path: str, answer: Callable[..., Reply], *, scoring: bool = False) -> Iterator[Endpoint]:
    for version in ("", "/versions/<version>"):
        yield Endpoint(method, path.format(version=version), answer, v2.error, scoring)


PUBLIC_METRICS = Endpoint("GET", "/metrics", health.metrics, score.error)
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
    Endpoint("GET", "/v1/models", v1.models_list, v1.error),
    Endpoint("GET", "/v1/models/<name>", v1.model_ready, v1.error),
    Endpoint("POST", "/v1/models/<name>:predict", v1.predict, v1.error, scoring=True),
    Endpoint("GET", "/v2", v2.server, v2.error),
    Endpoint("GET", "/v2/", v2.server, v2.error),
    Endpoint("GET", "/v2/health/live", v2.live, v2.error),
    Endpoint("GET", "/v2/health/ready", v2.ready, v2.error),
    Endpoint("GET", "/v2/models", v2.models_list, v2.error),
    *_versioned("GET", "/v2/models/<name>{version}", v2.metadata),
    *_versioned("GET", "/v2/models/<name>{version}/ready", v2.model_ready),
    *_versioned("POST", "/v2/models/<name>{version}/infer", v2_infer.infer, scoring=True),
    Endpoint("POST", "/v2/repository/index", v2.repository_index, v2.error),
    Endpoint("POST", "/v2/repository/models/<name>/load", v2.not_here, v2.error),
    Endpoint("POST", "/v2/repository/models/<name>/unload", v2.not_here, v2.error),
    Endpoint("POST", "/invocations", default_model(mlflow.invocations), mlflow.error, scoring=True),
    Endpoint("GET", "/ping", mlflow.ping, mlflow.error),
    Endpoint("GET", "/version", mlflow.version, mlflow.error),
    Endpoint("GET", "/openapi.json", openapi.serve, score.error),
)


def lanes(models: Models) -> Iterator[tuple[str, tuple[Endpoint, dict[str, Any]]]]:
    """Give each concrete path that the fast lane may answer; a file upload is Flask's to take apart."""
    for endpoint in ENDPOINTS:
        if endpoint.scoring and endpoint.method == "POST" and endpoint.path != "/predict_file":
            for model in models.by_name.values() if "<name>" in endpoint.path else [models.default]:
                said = {"name": model.name, "version": model.version}
                names = {key: value for key, value in said.items() if f"<{key}>" in endpoint.path}
                path = endpoint.path.replace("<name>", model.name).replace("<version>", model.version)
                yield path, (endpoint, names)
