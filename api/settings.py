"""The server's settings from its environment: each with its default, and one clear error for each bad value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from api.setting_values import (
    address,
    flag,
    integer,
    key_files,
    keys,
    keys_of_file,
    level,
    models,
    number,
    size,
    treatments,
    versions,
)
from model.bundle.files import DEFAULT_ROOT
from model.segments import Treatment


class SettingsError(Exception):
    """Settings with which the server cannot start, one error for each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        """A sentence for each setting that is wrong."""
        super().__init__("; ".join(problems.values()))


@dataclass(frozen=True)
class Settings:
    """The settings of a server, read once at its start."""

    host: str = "0.0.0.0"  # noqa: S104 - a container must be reachable from outside
    """The address to listen on, of IPv4 or IPv6, or a name of this machine. `make run` sets `127.0.0.1`."""
    port: int = 5000
    """The port for requests."""
    admin_port: int = 9000
    """The port for metrics, drain and liveness."""
    bundles: Path = DEFAULT_ROOT
    """The folder that holds the bundles."""
    model: tuple[str, ...] = ("iris",)
    """The bundles to serve; the first is the one that a path without a name means."""
    model_versions: tuple[tuple[str, str], ...] = ()
    """The versions that bundles must have, as `NAME=VERSION`, several with commas; the server starts with no other."""
    model_keys: Path | None = None
    """Public keys, one of which must have signed each bundle; the server starts with no other."""
    threads: int = 256
    """The number of requests answered at the same time; most of them wait for a body, or for the interpreter."""
    log_level: str = "info"
    """The least severe level that is logged."""
    log_sample_rate: float = 0.0
    """The share of good answers that are logged; errors always are."""
    max_body_size: int = 16 << 20
    """The largest body of a request, after decompression; larger ones are refused with 413."""
    max_rows: int = 200_000
    """The largest number of rows in a request; more are refused with 413."""
    body_timeout_seconds: float = 20.0
    """How long a request's body may take to arrive."""
    send_timeout_seconds: float = 10.0
    """How long a caller may take to read the next 4 KiB of a response."""
    max_queue_seconds: float = 1.0
    """How long requests may wait for a thread before new ones get 503; 0 disables this, and the limit by CPU time."""
    api_keys: tuple[str, ...] = ()
    """The accepted keys. With at least one, scoring needs a key; health stays open."""
    public_metrics: bool = False
    """Whether the port for requests shows `/metrics` too. `make run` sets 1."""
    feedback_capacity: int = 0
    """The number of answers to remember, so that callers can report the ground truth; 0 disables feedback."""
    drain_idle_seconds: float = 3.0
    """A drain ends after so many seconds without a request."""
    drain_timeout_seconds: float = 15.0
    """A drain ends after so many seconds in any case."""
    prediction_log: Path | None = None
    """The folder for what was asked and answered, which a shipper empties; without it nothing is logged."""
    prediction_log_sample: float = 1.0
    """The share of scoring requests that are logged."""
    prediction_log_fields: tuple[tuple[str, Treatment], ...] = ()
    """What becomes of a feature before it leaves the pod, as `NAME=hash`, several with commas; `*` is any other one.
    Of this and the bundle's own rule the stricter holds."""
    prediction_log_bytes: int = 64 << 20
    """How much may wait for the shipper; more is dropped and counted."""
    prediction_log_seconds: float = 30.0
    """How long rows are gathered before the shipper takes them."""
    otel_exporter_otlp_endpoint: str = ""
    """The address of a collector for spans; without it nothing is traced. The SDK reads its variables itself."""

    def __repr__(self) -> str:
        """Show every setting but the keys."""
        shown = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "api_keys"}
        return f"Settings({shown}, {len(self.api_keys)} keys)"


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Return the settings, or raise a SettingsError with everything that is wrong."""
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, parse in _PARSERS.items():
        text = environment.get(name.upper(), "").strip()
        if not text and not (name in _NEVER_EMPTY and name.upper() in environment):
            continue
        try:
            found[name] = parse(text)
        except ValueError as error:
            shown = "" if name == "api_keys" else f" {text!r}"
            wrong[name.upper()] = f"{name.upper()}{shown}: {error}"
    try:
        found["api_keys"] = (*found.get("api_keys", ()), *keys_of_file(environment.get("API_KEYS_FILE")))
    except ValueError as error:
        wrong["API_KEYS_FILE"] = f"API_KEYS_FILE: {error}"
    settings = Settings(**found)
    if settings.port == settings.admin_port:
        wrong["ADMIN_PORT"] = f"ADMIN_PORT {settings.admin_port}: must differ from PORT"
    if wrong:
        raise SettingsError(wrong)
    return settings


_PARSERS: dict[str, Callable[[str], Any]] = {
    "host": str,
    "port": integer(1, 65535),
    "admin_port": integer(1, 65535),
    "bundles": Path,
    "model": models,
    "model_versions": versions,
    "model_keys": key_files,
    "threads": integer(2, 1024),
    "log_level": level,
    "log_sample_rate": number(0, 1),
    "max_body_size": size,
    "max_rows": integer(1, 10_000_000),
    "body_timeout_seconds": number(1, 600),
    "send_timeout_seconds": number(1, 600),
    "max_queue_seconds": number(0, 600),
    "api_keys": keys,
    "public_metrics": flag,
    "feedback_capacity": integer(0, 1_000_000),
    "drain_idle_seconds": number(0, 600),
    "drain_timeout_seconds": number(0, 600),
    "prediction_log": Path,
    "prediction_log_sample": number(0, 1),
    "prediction_log_fields": treatments,
    "prediction_log_bytes": size,
    "prediction_log_seconds": number(1, 3600),
    "otel_exporter_otlp_endpoint": address,
}
_NEVER_EMPTY = ("api_keys", "model_keys")
NAMES = (*(name.upper() for name in _PARSERS), "API_KEYS_FILE")
"""What may be set in the environment."""
