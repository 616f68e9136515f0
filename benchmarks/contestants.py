"""Who is measured: how each is installed and started, and how one asks it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

LEARN = ("scikit-learn==1.9.1", "pandas")


def are_numbers(rows: list[list[Any]]) -> bool:
    """Return whether rows hold nothing but numbers: the contestants get an array of those."""
    return all(type(cell) in (int, float) for row in rows for cell in row)


@dataclass(frozen=True)
class Contestant:
    """A server, what it is installed from, and how it is started and asked."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    """{python} is its interpreter, {bin} where its scripts are, {port} where it shall listen, {folder} a scratch."""
    path: str = "/score"
    key: str = "X"
    limit: bool = False
    """No server of models, but what bounds all of them."""
    ours: bool = False

    def body(self, rows: list[list[Any]], names: list[str]) -> bytes:
        """Return rows in the contestant's own dialect."""
        if self.key == "v2":
            data = [cell for row in rows for cell in row]
            shown = {"name": "X", "shape": [len(rows), len(names)], "datatype": "FP64", "data": data}
            return json.dumps({"inputs": [shown]}).encode()
        if self.key == "mlflow" and are_numbers(rows):
            return json.dumps({"instances": rows}).encode()
        if self.key == "mlflow":
            return json.dumps({"dataframe_split": {"columns": names, "data": rows}}).encode()
        return json.dumps({self.key: rows}).encode()


OURS = Contestant("score-app", (), ("{python}", "-m", "api"), ours=True)
OURS_V1 = replace(OURS, name="score-app, asked as KServe", path="/v1/models/{model}:predict", key="instances")
OURS_V2 = replace(OURS, name="score-app, asked as MLServer", path="/v2/models/{model}/infer", key="v2")
BARE = Contestant(
    "limit: bare WSGI on granian", (), ("{python}", "-m", "benchmarks.peers.bare_app"), limit=True, ours=True
)
NGINX = Contestant(
    "limit: nginx, a constant", (), ("nginx", "-e", "stderr", "-c", "{folder}/nginx.conf"), limit=True, ours=True
)
FLASK = Contestant("Flask's own server", ("flask", *LEARN), ("{python}", "-m", "benchmarks.peers.flask_app"))
GUNICORN = Contestant(
    "Flask on gunicorn", ("flask", "gunicorn", *LEARN),
    ("{bin}/gunicorn", "-b", "127.0.0.1:{port}", "--threads", "4", "benchmarks.peers.flask_app:app"),
)  # fmt: skip
FASTAPI = Contestant(
    "FastAPI on uvicorn", ("fastapi", "uvicorn[standard]", *LEARN),
    ("{bin}/uvicorn", "--port", "{port}", "--log-level", "warning", "benchmarks.peers.fastapi_app:app"),
)  # fmt: skip
LITSERVE = Contestant(
    "LitServe", ("litserve", *LEARN), ("{python}", "-m", "benchmarks.peers.litserve_app"), path="/predict"
)
BENTOML = Contestant(
    "BentoML", ("bentoml", *LEARN),
    ("{bin}/bentoml", "serve", "benchmarks.peers.bento_app:Score", "--port", "{port}", "--host", "127.0.0.1"),
)  # fmt: skip
MLSERVER = Contestant(
    "MLServer", ("mlserver", "mlserver-sklearn", *LEARN), ("{bin}/mlserver", "start", "{folder}"),
    path="/v2/models/m/infer", key="v2",
)  # fmt: skip
KSERVE = Contestant(
    "KServe", ("kserve", *LEARN), ("{python}", "-m", "benchmarks.peers.kserve_app"),
    path="/v1/models/m:predict", key="instances",
)  # fmt: skip
MLFLOW = Contestant(
    "MLflow", ("mlflow", *LEARN),
    ("{bin}/mlflow", "models", "serve", "-m", "{folder}/mlflow", "-p", "{port}", "--env-manager", "local"),
    path="/invocations", key="mlflow",
)  # fmt: skip
FASTAPI_ONNX = Contestant(
    "FastAPI and an ONNX copy", ("fastapi", "uvicorn[standard]", "numpy", "onnxruntime"),
    ("{bin}/uvicorn", "--port", "{port}", "--log-level", "warning", "benchmarks.peers.fastapi_onnx_app:app"),
)  # fmt: skip
GRANIAN_ONNX = Contestant(
    "granian and an ONNX copy", ("granian", "numpy", "onnxruntime", "orjson"),
    ("{bin}/granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}", "--no-ws", "--http", "1",
     "--blocking-threads", "2", "--log-level", "warning", "benchmarks.peers.granian_onnx_app:app"),
)  # fmt: skip
COPIES = (FASTAPI_ONNX, GRANIAN_ONNX)
"""What one would build without us, with the compiled copy that we have made."""
PEERS = (FLASK, GUNICORN, FASTAPI, LITSERVE, BENTOML, MLSERVER, KSERVE, MLFLOW)
