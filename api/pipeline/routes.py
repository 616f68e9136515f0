"""The route table: every path that is answered, its protocol, and the functions that answer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.inference.answers import count_explanation_values
from api.inference.models import Models
from api.pipeline.route import Route, default_model, deferred, model_of_fields, model_of_path, model_of_query
from api.protocols import health, kserve_v1, mlflow, predict, score
from api.protocols.message import Request, Response
from api.protocols.open_inference import decoding, infer, metadata
from api.protocols.operation import Operation, Protocol, map_422_to_400

SCORE = Protocol("score", score.render_error)
PREDICT = Protocol("predict", predict.render_error)
KSERVE_V1 = Protocol("kserve_v1", kserve_v1.render_error)
OPEN_INFERENCE = Protocol("open_inference", kserve_v1.render_error)
MLFLOW = Protocol("mlflow", mlflow.render_error)
EXPLAIN = Protocol("explain", score.render_error)
FEEDBACK = Protocol("feedback", score.render_error)
HEALTH = Protocol("health", score.render_error)
PAGES = Protocol("pages", score.render_error)
FILE_PAGE = Protocol("pages", predict.render_error)

SCORE_ROWS = Operation(score.decode, score.encode)
PREDICT_ROWS = Operation(predict.decode, predict.encode, adapt_error=predict.adapt_error)
PREDICT_QUERY = Operation(predict.decode_query, predict.encode_query)
PREDICT_FILE = Operation(predict.decode_file, predict.encode_file)
PREDICT_V1 = Operation(kserve_v1.decode, kserve_v1.encode, adapt_error=kserve_v1.adapt_error)
INFER = Operation(decoding.decode, infer.encode, infer.predict, infer.values, map_422_to_400)
INVOCATIONS = Operation(mlflow.decode, mlflow.encode)
EXPLAIN_ROWS = Operation(
    deferred("api.protocols.explain", "decode"),
    deferred("api.protocols.explain", "encode"),
    deferred("api.inference.explanations", "explain"),
    count_explanation_values,
)
EXPLAIN_V1 = Operation(
    deferred("api.protocols.explain", "decode_v1"),
    EXPLAIN_ROWS.encode,
    EXPLAIN_ROWS.predict,
    count_explanation_values,
    map_422_to_400,
)
PREDICTION_PAGE = Operation(
    deferred("api.pages.form", "decode"), deferred("api.pages.form", "encode"), deferred("api.pages.form", "predict")
)
BATCH_FILE = Operation(deferred("api.pages.file_upload", "decode"), deferred("api.pages.file_upload", "encode"))

_form, _error_page = deferred("api.pages.form", "show"), deferred("api.pages.form", "show_error")


def _root(models: Models, request: Request) -> Response:
    """Show the form to a browser; for other clients no template is loaded."""
    response: Response = (_form if request.accepts("text/html") else health.alive)(models, request)
    return response


def _info(method: str, path: str, protocol: Protocol, handler: Callable[..., Response]) -> Route:
    return Route(method, path, protocol, handler=handler)


def _document(path: str, handler: Callable[..., Response], protocol: Protocol = PAGES) -> Route:
    return Route("GET", path, protocol, handler=handler, document=True)


def _score(method: str, path: str, protocol: Protocol, operation: Operation, **more: Any) -> Route:
    return Route(method, path, protocol, operation, more.pop("find_model", default_model), scoring=True, **more)


def _page(method: str) -> Route:
    return _score(method, "/prediction", PAGES, PREDICTION_PAGE, find_model=model_of_fields, error_page=_error_page)


PUBLIC_METRICS = _document("/metrics", health.metrics, HEALTH)
ROUTES = (
    _info("GET", "/", PAGES, _root),
    _info("POST", "/", PAGES, deferred("api.pages.form", "redirect")),
    _page("GET"),
    _page("POST"),
    _document("/batch", deferred("api.pages.file_upload", "show")),
    _score("POST", "/batch", FILE_PAGE, BATCH_FILE, find_model=model_of_query, upload=True),
    _document("/model", deferred("api.pages.card", "show")),
    _info("GET", "/livez", HEALTH, health.live),
    _info("GET", "/healthz", HEALTH, health.live),
    _info("GET", "/healthcheck", HEALTH, health.live),
    _info("GET", "/readyz", HEALTH, health.ready),
    _info("GET", "/test", HEALTH, health.running),
    _info("GET", "/error", HEALTH, health.error),
    _score("POST", "/score", SCORE, SCORE_ROWS),
    _score("POST", "/predict", PREDICT, PREDICT_ROWS),
    _score("GET", "/predict", PREDICT, PREDICT_QUERY),
    _score("POST", "/predict_file", PREDICT, PREDICT_FILE, upload=True),
    _score("POST", "/explain", EXPLAIN, EXPLAIN_ROWS),
    Route("POST", "/feedback", FEEDBACK, handler=deferred("api.protocols.feedback", "report"), scoring=True),
    _info("GET", "/v1/models", KSERVE_V1, kserve_v1.list_models),
    _info("GET", "/v1/models/<name>", KSERVE_V1, kserve_v1.model_ready),
    _score("POST", "/v1/models/<name>:predict", KSERVE_V1, PREDICT_V1, find_model=model_of_path),
    _score("POST", "/v1/models/<name>:explain", KSERVE_V1, EXPLAIN_V1, find_model=model_of_path),
    _info("GET", "/v2", OPEN_INFERENCE, metadata.server_metadata),
    _info("GET", "/v2/", OPEN_INFERENCE, metadata.server_metadata),
    _info("GET", "/v2/health/live", OPEN_INFERENCE, metadata.server_live),
    _info("GET", "/v2/health/ready", OPEN_INFERENCE, metadata.server_ready),
    _info("GET", "/v2/models", OPEN_INFERENCE, metadata.list_models),
    _info("GET", "/v2/models/<name>", OPEN_INFERENCE, metadata.model_metadata),
    _info("GET", "/v2/models/<name>/versions/<version>", OPEN_INFERENCE, metadata.model_metadata),
    _info("GET", "/v2/models/<name>/ready", OPEN_INFERENCE, metadata.model_ready),
    _info("GET", "/v2/models/<name>/versions/<version>/ready", OPEN_INFERENCE, metadata.model_ready),
    _score("POST", "/v2/models/<name>/infer", OPEN_INFERENCE, INFER, find_model=model_of_path),
    _score("POST", "/v2/models/<name>/versions/<version>/infer", OPEN_INFERENCE, INFER, find_model=model_of_path),
    _info("POST", "/v2/repository/index", OPEN_INFERENCE, metadata.repository_index),
    _info("POST", "/v2/repository/models/<name>/load", OPEN_INFERENCE, metadata.refuse_loading),
    _info("POST", "/v2/repository/models/<name>/unload", OPEN_INFERENCE, metadata.refuse_loading),
    _score("POST", "/invocations", MLFLOW, INVOCATIONS),
    _info("GET", "/ping", MLFLOW, mlflow.ping),
    _info("GET", "/version", MLFLOW, mlflow.version),
    _info("GET", "/openapi.json", PAGES, deferred("api.openapi", "show")),
    _info("GET", "/apispec_1.json", PAGES, deferred("api.openapi", "show_swagger")),
    _info("GET", "/apidocs", PAGES, deferred("api.pages.page", "redirect_to_apidocs")),
    _document("/apidocs/", deferred("api.pages.page", "show_apidocs")),
    _info("GET", "/static/<name>", PAGES, deferred("api.pages.page", "show_static")),
)


def unmatched(method: str, path: str) -> Route:
    """Return the route of a request that no other route matches, with the errors that callers of the path expect."""
    protocol = KSERVE_V1 if path.startswith(("/v1/", "/v2")) else SCORE
    return Route(method, "unmatched", protocol)
