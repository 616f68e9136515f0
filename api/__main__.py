"""python -m api: verify the bundles, then serve them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from errno import EADDRINUSE
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from api.settings import Settings, SettingsError, from_environment

if TYPE_CHECKING:
    from model.runtime.base import Model
    from model.signing.keys import PublicKeys


def main() -> None:
    """Start a server from the environment's settings; print one line with what is served, or with the error."""
    started = monotonic()
    if sys.argv[1:]:
        _stop_with_usage(sys.argv[1:])
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        _stop(str(error))
    settings = _with_address(settings)
    _require_ports(settings)
    from api.limits.allocator import limit_retained_memory  # noqa: PLC0415

    limit_retained_memory()
    from model.bundle.files import BundleError  # noqa: PLC0415 - a wrong setting is reported before anything heavy is imported
    from model.check import load_verified  # noqa: PLC0415

    try:
        keys = _public_keys(settings)
        models = [load_verified(settings.bundles, name, lazily=True, keys=keys) for name in settings.model]
        _require_versions(models, dict(settings.model_versions))
    except BundleError as error:
        _stop(str(error))
    from api.application import build  # noqa: PLC0415
    from api.limits.memory_budget import megabytes  # noqa: PLC0415
    from api.transport.addresses import loopback_address, url_of  # noqa: PLC0415
    from api.transport.admin_server import start_admin_server  # noqa: PLC0415
    from api.transport.draining import Draining  # noqa: PLC0415
    from api.transport.server import max_connections, serve  # noqa: PLC0415

    try:
        application, service = build(settings, models)
    except SettingsError as error:
        _stop(str(error))
    draining = Draining(service.state, settings, service.log.write)
    try:
        admin = start_admin_server(service, draining)
    except OSError as error:
        _stop_at_port(settings.host, "ADMIN_PORT", settings.admin_port, error)
    served = ", ".join(f"{m.name} {m.version} ({m.manifest.runtime})" for m in models)

    memory = megabytes(service.limits.budget.size)

    def on_listening() -> None:
        service.limits.start(loopback_address(settings.host), max_connections(), service.log.write)
        # As with every line of the log, a full disk behind it must not matter.
        with suppress(OSError):
            print(  # noqa: T201 - the one line about a start
                f"score-app: {served} on {url_of(settings.host, settings.port)}, admin on {settings.admin_port}, "
                f"{settings.threads} threads, {memory} for requests, ready in {monotonic() - started:.2f} s",
                file=sys.stderr,
                flush=True,
            )

    serve(application, settings, on_listening, draining.end)
    admin.shutdown()
    service.close()


def _public_keys(settings: Settings) -> PublicKeys | None:
    """Return the keys of MODEL_KEYS, or None where bundles need no signature."""
    if settings.model_keys is None:
        return None
    from model.signing.keys import public_keys  # noqa: PLC0415 - only with keys is cryptography loaded

    return public_keys(settings.model_keys)


def _require_versions(models: Sequence[Model], versions: Mapping[str, str]) -> None:
    """Refuse a bundle that is another one than was released."""
    from model.bundle.files import BundleError  # noqa: PLC0415

    for model in models:
        if (wanted := versions.get(model.name, model.version)) != model.version:
            raise BundleError(
                f"{model.name}: the bundle has the version {model.version}, MODEL_VERSIONS wants {wanted}"
            )


def _with_address(settings: Settings) -> Settings:
    """Return the settings with an address in place of the host's name: a name may stand for several."""
    from api.transport.addresses import own_address  # noqa: PLC0415

    try:
        return replace(settings, host=own_address(settings.host))
    except ValueError as error:
        _stop(f"HOST {settings.host!r}: {error}")


def _require_ports(settings: Settings) -> None:
    from api.transport.addresses import require_free  # noqa: PLC0415

    for name, port in (("PORT", settings.port), ("ADMIN_PORT", settings.admin_port)):
        try:
            require_free(settings.host, port)
        except OSError as error:
            _stop_at_port(settings.host, name, port, error)


def _stop_at_port(host: str, name: str, port: int, error: OSError) -> NoReturn:
    if error.errno == EADDRINUSE:
        _stop(f"{name} {port} is taken on {host}: stop the process that listens there, or set {name}")
    _stop(f"{name} {port}: cannot be listened on at {host}: {error.strerror}")


def _stop_with_usage(given: list[str]) -> NoReturn:
    from api.settings import NAMES  # noqa: PLC0415

    text = f"python -m api takes no arguments: settings come from the environment: {' '.join(NAMES)}"
    if given[0] in ("-h", "--help"):
        print(text)  # noqa: T201
        sys.exit()
    _stop(text)


def _stop(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(2)


if __name__ == "__main__":
    main()
