"""One target for each parser of the service: where its bodies are sent, and which shape its errors have."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from tests.helpers.server import Client, model

CORPUS = Path(__file__).parent / "corpus"
JSON, CSV, FORM = "application/json", "text/csv", "application/x-www-form-urlencoded"
BOUNDARY = "edge"


@dataclass(frozen=True)
class Target:
    """A parser."""

    path: str
    content_type: str = JSON
    errors: str = "service"
    """service, predict, text, mlflow, event, or page: tests/fuzz/test_fuzz.py has what each looks like."""
    model: str = "iris"
    query: bool = False
    """The body is sent as the query of a GET."""
    framed: bool = False
    """Binary tensors follow the JSON, whose length is in a header."""


TARGETS = {
    "score": Target("/score"),
    "score-churn": Target("/score", model="churn"),
    "predict": Target("/predict", errors="predict"),
    "explain": Target("/explain"),
    "kserve-v1": Target("/v1/models/iris:predict", errors="text"),
    "kserve-v1-churn": Target("/v1/models/churn:predict", errors="text"),
    "cloudevents": Target("/v1/models/iris:predict", "application/cloudevents+json", "event"),
    "open-inference": Target("/v2/models/iris/infer", errors="text"),
    "open-inference-churn": Target("/v2/models/churn/infer", errors="text"),
    "open-inference-binary": Target("/v2/models/iris/infer", "application/octet-stream", "text", framed=True),
    "open-inference-binary-churn": Target("/v2/models/churn/infer", "application/octet-stream", "text", framed=True),
    "mlflow": Target("/invocations", errors="mlflow"),
    "mlflow-csv": Target("/invocations", CSV, "mlflow", "churn"),
    "csv": Target("/predict_file", CSV, "predict"),
    "upload": Target("/predict_file", f"multipart/form-data; boundary={BOUNDARY}", "predict"),
    "query": Target("/predict", "", "predict", "churn", query=True),
    "form": Target("/prediction", FORM, "page"),
    "feedback": Target("/feedback"),
}


@cache
def client(name):
    models = (name, "churn" if name == "iris" else "iris")
    wished = Settings(model=models, max_body_size=100_000, max_rows=500, feedback_capacity=10)
    return Client(build(wished, [model(each) for each in models], Log("error"))[0])


def seeds(name):
    """Return the valid bodies that are kept for a target, by file name."""
    return {path.name: path.read_bytes() for path in sorted((CORPUS / name).iterdir())}


def send(target, body, length=None):
    """Send one body to a target; the length is that of the JSON before binary tensors."""
    if target.query:
        # A server hands the query over as Latin-1.
        query = body.decode("latin-1")
        return client(target.model).ask("GET", target.path, QUERY_STRING=query)
    headers = {"Content-Type": target.content_type}
    if target.framed:
        headers["Inference-Header-Content-Length"] = str(body.rfind(b"}") + 1 if length is None else length)
    return client(target.model).post(target.path, body, headers)
