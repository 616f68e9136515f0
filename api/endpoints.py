"""Every path that is answered, and by which function: the program's table of contents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from api import health
from api.dialects import Reply, Request, mlflow, predict, score, v1, v2, v2_infer
from api.fastlane import Lane
from api.scoring import Models
from api.service import Endpoint


def later(module: str, name: str) -> Callable[..., Reply]:
    """Give a function of a module that is loaded when first asked for: pages and documents should not slow a start."""

    def answer(*args: Any, **names: str) -> Reply:
        reply: Reply = getattr(import_module(module), name)(*args, **names)
        return reply

    return answer


def _versioned(method: str, path: str, answer: Callable[..., Reply], *, scoring: bool = False) -> Iterator[Endpoint]:
    for version in ("", "/versions/<version>"):
        yield Endpoint(method, path.format(version=version), answer, v2.error, scoring)


_shown = later("api.views.form", "front")
_refused = later("api.views.form", "refused")


def _front(models: Models, request: Request) -> Reply:
    """Show the form to a browser; templates are not loaded for anybody else."""
    return (_shown if "text/html" in (request.header("HTTP_ACCEPT") or "") else health.alive)(models, request)


UPLOADS = ("/predict_file", "/batch")
"""What a form may send a file to."""
PUBLIC_METRICS = Endpoint("GET", "/metrics", health.metrics, score.error)
ENDPOINTS = (
    Endpoint("GET", "/", _front, score.error),
    Endpoint("POST", "/", later("api.views.form", "onward"), score.error),
    Endpoint("GET", "/prediction", later("api.views.form", "prediction"), score.error, scoring=True, refused=_refused),
    Endpoint("POST", "/prediction", later("api.views.form", "prediction"), score.error, scoring=True, refused=_refused),
    Endpoint("GET", "/batch", later("api.views.batch", "show"), score.error),
    Endpoint("POST", "/batch", later("api.views.batch", "upload"), predict.error, scoring=True),
    Endpoint("GET", "/model", later("api.views.card", "card"), score.error),
    Endpoint("GET", "/livez", health.live, score.error),
    Endpoint("GET", "/healthz", health.live, score.error),
    Endpoint("GET", "/healthcheck", health.live, score.error),
    Endpoint("GET", "/readyz", health.ready, score.error),
    Endpoint("GET", "/test", health.running, score.error),
    Endpoint("GET", "/error", health.broken, score.error),
    Endpoint("POST", "/score", score.score, score.error, scoring=True, default=True),
    Endpoint("POST", "/predict", predict.predict, predict.error, scoring=True, default=True),
    Endpoint("GET", "/predict", predict.predict_query, predict.error, scoring=True, default=True),
    Endpoint("POST", "/predict_file", predict.predict_file, predict.error, scoring=True, default=True),
    Endpoint("POST", "/explain", later("api.dialects.explain", "explain"), score.error, scoring=True, default=True),
    Endpoint("POST", "/feedback", later("api.dialects.feedback", "give"), score.error, scoring=True),
    Endpoint("GET", "/v1/models", v1.models_list, v1.error),
    Endpoint("GET", "/v1/models/<name>", v1.model_ready, v1.error),
    Endpoint("POST", "/v1/models/<name>:predict", v1.predict, v1.error, scoring=True),
    Endpoint("POST", "/v1/models/<name>:explain", later("api.dialects.explain", "explain_v1"), v1.error, scoring=True),
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
    Endpoint("POST", "/invocations", mlflow.invocations, mlflow.error, scoring=True, default=True),
    Endpoint("GET", "/ping", mlflow.ping, mlflow.error),
    Endpoint("GET", "/version", mlflow.version, mlflow.error),
    Endpoint("GET", "/openapi.json", later("api.openapi", "serve"), score.error),
    Endpoint("GET", "/apispec_1.json", later("api.openapi", "serve_swagger"), score.error),
    Endpoint("GET", "/apidocs/", later("api.views.pages", "apidocs"), score.error),
    Endpoint("GET", "/static/<name>", later("api.views.pages", "static"), score.error),
)


def lanes(models: Models) -> dict[str, Lane]:
    """Return for each concrete path, by method, what the fast lane may answer; an upload is Flask's to take apart."""
    found: defaultdict[str, Lane] = defaultdict(dict)
    for endpoint in ENDPOINTS:
        if endpoint.path in (*UPLOADS, "/static/<name>"):
            continue
        for model in models.by_name.values() if "<name>" in endpoint.path else [models.default]:
            said = {"name": model.name, "version": model.version}
            names = {key: value for key, value in said.items() if f"<{key}>" in endpoint.path}
            path = endpoint.path.replace("<name>", model.name).replace("<version>", model.version)
            found[path][endpoint.method] = (endpoint, endpoint.bound(models, names))
    return found
