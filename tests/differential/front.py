"""The front doors of the program, and all that this package knows of its inside: add, check, serve."""

import io
import json
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
from click.testing import CliRunner

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.__main__ import main
from model.check import load_verified

FORMS = ("csv", "parquet", "pickle")
"""The forms of --data that `add` takes now; parquet and pickle are written here too."""
SUFFIX = {"csv": ".csv", "parquet": ".parquet", "pickle": ".pkl"}
TYPES = True
"""Whether `add` takes --types for what CSV does not show."""


@dataclass(frozen=True)
class Added:
    """How `add` ended."""

    code: int
    output: str
    traceback: str | None

    @property
    def error(self) -> str:
        """Return the line that says why nothing was added."""
        lines = [line for line in self.output.splitlines() if line.startswith("error: ")]
        return lines[-1] if lines else self.output[-300:]


def write(case: Any, folder: Path) -> list[str]:
    """Write the files of a case, and return the arguments of `add` that name them."""
    estimator, data = folder / "model.pkl", folder / f"rows{SUFFIX[case.form]}"
    # A lambda has no name that joblib could write.
    with estimator.open("wb") as file:
        (cloudpickle if case.seed % 2 else _either).dump(case.estimator, file)
    target = case.y is not None and getattr(case.y, "ndim", 1) == 1
    table = case.frame.assign(target=case.y) if target else case.frame
    if case.form == "csv":
        table.to_csv(data, index=False)
    elif case.form == "parquet":
        table.to_parquet(data)
    else:
        table.to_pickle(data)
    return [str(estimator), "--data", str(data), *(["--target", "target"] if target else [])]


class _either:  # noqa: N801 - stands in a module's place
    @staticmethod
    def dump(estimator: Any, file: Any) -> None:
        content = io.BytesIO()
        try:
            joblib.dump(estimator, content)
        except Exception:
            content = io.BytesIO(cloudpickle.dumps(estimator))
        file.write(content.getvalue())


def add(case: Any, folder: Path) -> Added:
    """Add the model of a case as `python -m model add` does."""
    arguments = write(case, folder)
    if TYPES:
        arguments += [part for name in sorted(case.doubtful - {"target"}) for part in ("--types", f"{name}=string")]
    done = CliRunner().invoke(main, ["add", *arguments, "--name", "case", "--bundles", str(folder / "bundles")])
    raised = None
    if done.exc_info and not isinstance(done.exception, SystemExit | None):
        raised = "".join(traceback.format_exception(*done.exc_info))
    return Added(done.exit_code, done.output, raised)


class Service:
    """A WSGI application in this process that serves the model of a folder of bundles."""

    def __init__(self, folder: Path):
        model = load_verified(folder / "bundles", "case")
        files = [path.name for path in (folder / "bundles" / "case").iterdir()]
        short = any("short" in name or "compact" in name for name in files)
        self.runtime = model.manifest.runtime + (" + short" if short else "")
        self.log = io.StringIO()
        self.texts: set[str] = set()
        """The columns of text, which a tensor of nulls does not show."""
        settings = Settings(model=("case",), bundles=folder / "bundles")
        self.application, self._service = build(settings, [model], Log("error", self.log))

    def ask(self, method: str, path: str, body: Any = b"", **headers: str) -> "Answer":
        """Send one request."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_PORT": "80",
            "SERVER_NAME": "test", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers.pop("content_type", "application/json"),
        }  # fmt: skip
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        got: list[Any] = []
        content = b"".join(self.application(environ, lambda *start: got.append(start)))
        return Answer(int(got[0][0].split()[0]), {name.lower(): value for name, value in got[0][1]}, content)

    def close(self) -> None:
        """Let go of what the service holds."""
        close = getattr(self._service, "close", None)
        if close:
            close()


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body)
