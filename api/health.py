"""Who asks whether this process lives, is ready, or is there at all, each in the words it expects."""

from __future__ import annotations

from typing import Any

from api.codec import encode
from api.dialects import Reply, Request
from api.scoring import Models


def says(body: dict[str, Any], status: int = 200) -> Any:
    """Return an endpoint's function that always says this."""
    said = encode(body)

    def answer(_: Models, __: Request) -> Reply:
        return Reply(said, status)

    return answer


alive = says({"status": "alive"})
live = says({"status": "ok"})
running = says({"msg": "Server running"})
broken = says({"msg": "Error"}, 500)


def metrics(models: Models, request: Request) -> Reply:
    """Show the metrics to whoever may reach the main port; the admin port shows them in any case."""
    from api.exposition import exposition  # noqa: PLC0415 - loaded at the first scrape

    body, kind = exposition(models, request.header("HTTP_ACCEPT") or "")
    return Reply(body, content_type=kind)


def ready(models: Models, _: Request) -> Reply:
    """List what is ready; nothing listens before every bundle has been proven."""
    models.require_ready()
    return Reply(encode({"status": "ready", "models": {name: m.version for name, m in models.by_name.items()}}))
