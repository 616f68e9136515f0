"""The page for a whole file: the browser cuts it into pieces, so that neither it nor other callers wait."""

from __future__ import annotations

from api.dialects import Reply, Request
from api.dialects.predict import predict_file
from api.scoring import Models
from api.views.pages import chosen, page


def show(models: Models, request: Request) -> Reply:
    """Show the page."""
    model = chosen(models, request.query)
    target = model.signature.targets[0]
    return page("batch.html", models=models, model=model, here="batch", target=target)


def upload(models: Models, request: Request) -> Reply:
    """Answer the rows of a CSV file: as JSON for who asks for that, else as the same file with a column more."""
    model = chosen(models, request.query)
    if "application/json" not in (request.header("HTTP_ACCEPT") or ""):
        request = Request(request.body, {**request.environ, "HTTP_ACCEPT": "text/csv"})
    reply = predict_file(models, model, request)
    reply.headers = (("Content-Disposition", f'attachment; filename="{model.name}-predictions.csv"'),)
    return reply
