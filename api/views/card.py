"""The model card, and this process's traffic held against training."""

from __future__ import annotations

from markupsafe import Markup

from api.dialects import Reply, Request
from api.drift import ALERT, WARN, of_model
from api.scoring import Models
from api.views.drawn import against
from api.views.pages import chosen, page
from model.card.page import body
from model.card.words import count, number


def card(models: Models, request: Request) -> Reply:
    """Show what is known of a model, and what it has been asked since this process started."""
    model = chosen(models, request.query)
    models.meters.add_up()
    found = of_model(models.meters, model)
    seen = found[0].seen if found else 0
    ranked = sorted(((each.shift, each) for each in found if each.seen), key=lambda pair: -pair[0])
    shifts = [
        {
            "name": each.title,
            "figure": against(each),
            "index": number(shift),
            "level": "large" if shift >= ALERT else "some" if shift >= WARN else "",
        }
        for shift, each in ranked
    ]
    shown = Markup(body(model.manifest))  # noqa: S704 - the card escapes
    return page(
        "card.html", models=models, model=model, here="model", card=shown, shifts=shifts, seen=count(seen, "row"),
        warn=WARN, alert=ALERT,
    )  # fmt: skip
