"""This server beside its peers: one row a request, one core for each server in turn, wrk on the other core.

Run: make bench. Every contestant has a virtual environment of its own under build/bench; rounds take turns, so that
the machine's moods strike all alike; what cannot be installed or started is named as such.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from urllib.request import Request, urlopen

HERE = Path(__file__).parents[1]
VENVS = HERE / "build" / "bench"
UV = Path(sys.executable).with_name("uv")
LEARN = "scikit-learn==1.9.1"
ROUNDS, SECONDS, CONNECTIONS = 3, 3, 32


@dataclass(frozen=True)
class Contestant:
    """A server, what it is installed from, and how it is started and asked."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    """{python} is its interpreter, {bin} where its scripts are, {port} where it shall listen."""
    path: str = "/score"
    key: str = "X"
    bare: bool = False
    ours: bool = False


CONTESTANTS = (
    Contestant("score-app", (), ("{python}", "-m", "api"), ours=True),
    Contestant("bare WSGI on granian", (), ("{python}", "-m", "benchmarks.peers.bare_app"), bare=True, ours=True),
    Contestant("Flask's own server", ("flask", LEARN), ("{python}", "-m", "benchmarks.peers.flask_app")),
    Contestant(
        "Flask on gunicorn", ("flask", "gunicorn", LEARN),
        ("{bin}/gunicorn", "-b", "127.0.0.1:{port}", "--threads", "4", "benchmarks.peers.flask_app:app"),
    ),
    Contestant(
        "FastAPI on uvicorn", ("fastapi", "uvicorn[standard]", LEARN),
        ("{bin}/uvicorn", "--port", "{port}", "--log-level", "warning", "benchmarks.peers.fastapi_app:app"),
    ),
    Contestant("LitServe", ("litserve", LEARN), ("{python}", "-m", "benchmarks.peers.litserve_app"), path="/predict"),
    Contestant(
        "BentoML", ("bentoml", LEARN),
        ("{bin}/bentoml", "serve", "benchmarks.peers.bento_app:Score", "--port", "{port}", "--host", "127.0.0.1"),
    ),
    Contestant(
        "MLServer", ("mlserver", "mlserver-sklearn", LEARN), ("{bin}/mlserver", "start", "{folder}"),
        path="/v2/models/m/infer", key="v2",
    ),
    Contestant(
        "KServe", ("kserve", LEARN), ("{python}", "-m", "benchmarks.peers.kserve_app"),
        path="/v1/models/m:predict", key="instances",
    ),
    Contestant(
        "MLflow", ("mlflow", LEARN), ("{bin}/mlflow", "models", "serve", "-m", "{folder}/mlflow", "-p", "{port}",
        "--env-manager", "local"), path="/invocations", key="inputs",
    ),
)  # fmt: skip


def installed(contestant: Contestant) -> Path:
    """Return the interpreter of a contestant's own environment."""
    if contestant.ours:
        return Path(sys.executable)
    place = VENVS / re.sub(r"\W+", "-", contestant.name.lower())
    python = place / "bin" / "python"
    if not (place / "done").exists():
        subprocess.run([UV, "venv", "-q", "--clear", place], check=True)
        command = [UV, "pip", "install", "-q", "--python", python, *contestant.packages]
        subprocess.run(command, check=True, timeout=300, capture_output=True)
        (place / "done").touch()
    return python


@contextmanager
def running(contestant: Contestant, model: str, folder: Path):
    """Start a contestant on the first core, and give its port once it answers rightly."""
    python = installed(contestant)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pickle = HERE / "model" / "bundles" / model / "model.joblib"
    prepare(contestant, folder, pickle, port, python)
    environment = {
        **os.environ, "PORT": str(port), "ADMIN_PORT": "0", "HOST": "127.0.0.1", "MODEL": model,
        "MODEL_FILE": str(pickle), "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1", "BENTOML_DO_NOT_TRACK": "1",
        "PATH": f"{python.parent}:{os.environ['PATH']}",
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
    if contestant.name == "MLflow" and not (folder / "mlflow").exists():
        program = (
            "import joblib, mlflow.sklearn, sys; "
            "mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format='cloudpickle')"
        )
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [python, "-W", "ignore", "-c", program, pickle, folder / "mlflow"]
        subprocess.run(command, check=True, env=environment, capture_output=True)


def body(contestant: Contestant, row: list[float]) -> bytes:
    """Return one row in the contestant's own dialect."""
    if contestant.key == "v2":
        shown = {"name": "X", "shape": [1, len(row)], "datatype": "FP64", "data": row}
        return json.dumps({"inputs": [shown]}).encode()
    return json.dumps({contestant.key: [row]}).encode()


def wait(contestant: Contestant, port: int, sent: bytes, process: subprocess.Popen) -> float:
    """Return the seconds until the first answer."""
    start = monotonic()
    request = Request(f"http://127.0.0.1:{port}{contestant.path}", sent, {"Content-Type": "application/json"})
    while monotonic() - start < 60:
        if process.poll() is not None:
            raise RuntimeError("it ended at once")
        try:
            with urlopen(request, timeout=5) as answer:
                if answer.status == 200:
                    return monotonic() - start
        except OSError:
            sleep(0.01)
    raise RuntimeError("it did not answer within a minute")


def load(contestant: Contestant, port: int, sent: bytes, folder: Path) -> tuple[float, float, int]:
    """Return requests a second, the 99th percentile in ms, and errors."""
    script = folder / "wrk.lua"
    quoted = sent.decode().replace("'", "\\'")
    script.write_text(
        f"wrk.method='POST'; wrk.headers['Content-Type']='application/json'; wrk.body='{quoted}'\n"
        "done = function(summary, latency)\n"
        "  local e = summary.errors\n"
        "  io.write(string.format('RESULT %f %f %d', summary.requests / summary.duration * 1e6,\n"
        "    latency:percentile(99) / 1000, e.status + e.connect + e.read + e.write + e.timeout))\nend\n"
    )
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{contestant.path}"], capture_output=True, text=True, check=True
    )
    rate, late, errors = re.search(r"RESULT (\S+) (\S+) (\d+)", done.stdout).groups()
    return float(rate), float(late), int(errors)


def memory(group: int) -> float:
    """Return the proportional memory of a process group in MiB."""
    total = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == group:
                found = re.search(r"^Pss:\s+(\d+)", (entry / "smaps_rollup").read_text(), re.MULTILINE)
                total += int(found.group(1))
    return total / 1024


def measure(model: str) -> dict[str, dict[str, float] | str]:
    """Return each contestant's figures over rounds that take turns, or why it has none."""
    golden = json.loads((HERE / "model" / "bundles" / model / "manifest.json").read_text())["golden"]["rows"]
    row = next(row for row in golden if None not in row)
    found: dict[str, list[tuple]] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(ROUNDS):
            for contestant in CONTESTANTS:
                if contestant.name in failed:
                    continue
                folder = Path(scratch) / re.sub(r"\W+", "-", contestant.name)
                folder.mkdir(exist_ok=True)
                print(f"round {number + 1}: {contestant.name}", file=sys.stderr)
                try:
                    sent = body(contestant, row)
                    with running(contestant, model, folder) as (port, process):
                        start = wait(contestant, port, sent, process)
                        figures = load(contestant, port, sent, folder)
                        found.setdefault(contestant.name, []).append((*figures, memory(process.pid), start))
                except (OSError, subprocess.SubprocessError, RuntimeError, AttributeError) as error:
                    log = folder / "log"
                    last = log.read_text().strip().splitlines()[-1:] if log.exists() else []
                    failed[contestant.name] = f"{error}; {' '.join(last)}"[:160]
    keys = ("rate", "p99", "errors", "memory", "start")
    medians = {
        name: dict(zip(keys, map(median, zip(*rounds, strict=True)), strict=True)) for name, rounds in found.items()
    }
    return {
        contestant.name: medians.get(contestant.name) or failed.get(contestant.name, "") for contestant in CONTESTANTS
    }


def main() -> None:
    """Print a table for the model named on the command line."""
    model = sys.argv[1] if len(sys.argv) > 1 else "purchase"
    results = measure(model)
    ours = results["score-app"]["rate"]
    print(f"| {model}, one row a request | requests/s | ours is | p99 ms | errors | MiB | first answer s |")
    print("|---|---|---|---|---|---|---|")
    for name, each in results.items():
        if isinstance(each, str):
            print(f"| {name} | not measured: {each} | | | | | |")
        else:
            rate, start = f"{each['rate']:,.0f} | {ours / each['rate']:.2f}x", f"{each['start']:.2f}"
            print(f"| {name} | {rate} | {each['p99']:.1f} | {each['errors']:.0f} | {each['memory']:.0f} | {start} |")


if __name__ == "__main__":
    main()
