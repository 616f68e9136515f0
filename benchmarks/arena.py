"""Run one contestant on the first core, load it from the second, and take its figures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.request import Request, urlopen

from benchmarks.contestants import Contestant, are_numbers
from tests.helpers.server import free_port

HERE = Path(__file__).parents[1]
VENVS = HERE / "build" / "bench"
UV = Path(sys.executable).with_name("uv")
SECONDS, CONNECTIONS, KEY = 3, 32, "a-key-of-the-benchmark"
NGINX_CONF = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr; events {{ }}
http {{ access_log off; client_body_temp_path {folder}; server {{ listen 127.0.0.1:{port}; keepalive_requests 100000000;
location / {{ default_type application/json; return 200 '{{"score":[0]}}'; }} }} }}
"""


@dataclass(frozen=True)
class Figures:
    """What one round showed."""

    rate: float
    p50: float
    p99: float
    errors: float
    memory: float
    start: float


def installed(contestant: Contestant) -> Path:
    """Return the interpreter of a contestant's own environment."""
    if contestant.ours:
        return Path(sys.executable)
    place = VENVS / re.sub(r"\W+", "-", contestant.name.lower())
    python = place / "bin" / "python"
    done = place / "done"
    if not done.exists() or done.read_text() != " ".join(contestant.packages):
        subprocess.run([UV, "venv", "-q", "--clear", place], check=True)
        command = [UV, "pip", "install", "-q", "--python", python, *contestant.packages]
        subprocess.run(command, check=True, timeout=300, capture_output=True)
        done.write_text(" ".join(contestant.packages))
    return python


@contextmanager
def running(
    contestant: Contestant, model: str, names: list[str], folder: Path, *, numbers: bool = True, **settings: str
):
    """Start a contestant on the first core, and give its port and process."""
    python, port = installed(contestant), free_port()
    pickle = HERE / "model" / "bundles" / model / "model.joblib"
    prepare(contestant, folder, pickle, port, python)
    environment = {
        **os.environ, "PORT": str(port), "ADMIN_PORT": str(free_port()), "HOST": "127.0.0.1", "MODEL": model,
        "API_KEYS": KEY, "LOG_SAMPLE_RATE": "0", "MODEL_FILE": str(pickle), "COLUMNS": json.dumps(names),
        "NUMBERS": str(int(numbers)),
        "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1", "BENTOML_DO_NOT_TRACK": "1",
        "PATH": f"{python.parent}:{os.environ['PATH']}", **settings,
    }  # fmt: skip
    filled = [part.format(python=python, bin=python.parent, port=port, folder=folder) for part in contestant.command]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", "0", *filled], env=environment, cwd=HERE, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield port, process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()


def prepare(contestant: Contestant, folder: Path, pickle: Path, port: int, python: Path) -> None:
    """Write the files that some contestants want beside the model."""
    if contestant.name == "MLServer":
        settings = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "parallel_workers": 0}
        (folder / "settings.json").write_text(json.dumps({**settings, "debug": False, "host": "127.0.0.1"}))
        kind = {"name": "m", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": str(pickle)}}
        (folder / "model-settings.json").write_text(json.dumps(kind))
    if "nginx" in contestant.command:
        (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port))
    if contestant.name == "MLflow" and not (folder / "mlflow").exists():
        program = (
            "import joblib, mlflow.sklearn, sys; "
            "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format='cloudpickle')"
        )
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [python, "-W", "ignore", "-c", program, pickle, folder / "mlflow"]
        subprocess.run(command, check=True, env=environment, capture_output=True)


def wait(url: str, sent: bytes, process: subprocess.Popen) -> float:
    """Return the seconds until the first answer."""
    start = monotonic()
    request = Request(url, sent, {"Content-Type": "application/json", "X-API-Key": KEY})
    while monotonic() - start < 60:
        if process.poll() is not None:
            raise RuntimeError("it ended at once")
        try:
            with urlopen(request, timeout=5) as answer:
                if answer.status == 200:
                    return monotonic() - start
        except OSError:
            sleep(0.005)
    raise RuntimeError("it did not answer within a minute")


def load(
    url: str, sent: bytes, folder: Path, headers: dict[str, str] | None = None, connections: int = CONNECTIONS
) -> tuple[float, ...]:
    """Return requests a second, the 50th and 99th percentile in ms, and errors."""
    script = folder / "wrk.lua"
    (folder / "body").write_bytes(sent)
    given = {"Content-Type": "application/json", "X-API-Key": KEY, **(headers or {})}
    script.write_text(
        "wrk.method='POST'\n"
        + "".join(f"wrk.headers['{name}']='{value}'\n" for name, value in given.items())
        + f"wrk.body=io.open('{folder}/body', 'rb'):read('*a')\n"
        "done = function(summary, latency)\n"
        "  local e = summary.errors\n"
        "  io.write(string.format('RESULT %f %f %f %d', summary.requests / summary.duration * 1e6,\n"
        "    latency:percentile(50) / 1000, latency:percentile(99) / 1000,\n"
        "    e.status + e.connect + e.read + e.write + e.timeout))\nend\n"
    )
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--timeout", "30"]
    done = subprocess.run([*command, "-s", str(script), url], capture_output=True, text=True, check=True)
    return tuple(map(float, re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", done.stdout).groups()))


def memory(process: int) -> float:
    """Return the proportional memory of a process and all that came from it, in MiB."""
    total = 0.0
    with suppress(OSError, AttributeError):
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
        total += int(found.group(1)) / 1024
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                total += memory(int(child))
    return total


def round_of(contestant: Contestant, model: str, rows: list, names: list[str], folder: Path) -> Figures:
    """Start, ask, load and stop a contestant once."""
    sent = contestant.body(rows, names)
    with running(contestant, model, names, folder, numbers=are_numbers(rows)) as (port, process):
        url = f"http://127.0.0.1:{port}{contestant.path.format(model=model)}"
        start = wait(url, sent, process)
        return Figures(*load(url, sent, folder), memory(process.pid), start)
