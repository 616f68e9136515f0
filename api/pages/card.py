"""The page of a model: its card, and what this process received compared with training."""

from __future__ import annotations

from markupsafe import Markup

from api.inference.models import Models
from api.pages.page import page
from api.protocols.message import Request, Response
from api.telemetry.drift import drift_of
from model.card.page import body
from model.drift.figure import drift_figure
from model.drift.index import ALERT, WARN
from model.rendering.text import format_count, format_number


def show(models: Models, request: Request) -> Response:
    """Return the page."""
    model = models.get_or_default(request.query.get("model"))
    models.metrics.flush()
    found = drift_of(models.metrics, model)
    received = found[0].received if found else 0
    ranked = sorted(((each.psi, each) for each in found if each.received), key=lambda pair: -pair[0])
    drifts = [
        {
            "name": each.title,
            "figure": Markup(drift_figure(each)),  # noqa: S704 - the figure escapes
            "index": format_number(index),
            "level": "large" if index >= ALERT else "some" if index >= WARN else "",
        }
        for index, each in ranked
    ]
    card = Markup(body(model.manifest))  # noqa: S704 - the card escapes
    return page(
        "card.html", models=models, model=model, current="model", card=card, drifts=drifts,
        received=format_count(received, "row"), warn=WARN, alert=ALERT,
    )  # fmt: skip
