"""python -m api: serve one bundle's /score."""

from __future__ import annotations

import os
import sys
from typing import Any

from flask import Flask, Response, request
from msgspec import DecodeError, json

from model.bundle import BundleError, root
from model.check import verified
from model.runtime import Model
from model.signature import SignatureError


def create_app(model: Model) -> Flask:
    """Return an application that answers with this model."""
    app = Flask(__name__)

    @app.post("/score")
    def score() -> Response:
        try:
            body: Any = json.decode(request.get_data())
            rows = model.rows(body["X"])
        except (DecodeError, TypeError, KeyError):
            return _answer({"error": 'send a JSON object with the key "X": a row, or a list of rows'}, 400)
        except SignatureError as error:
            return _answer({"error": str(error)}, 422)
        return _answer({"score": _listed(model, rows)}, 200)

    return app


def _listed(model: Model, rows: Any) -> list[Any]:
    listed: list[Any] = model.predict(rows).tolist()
    return [int(each) for each in listed] if model.signature.targets[0].whole else listed


def _answer(body: dict[str, Any], status: int) -> Response:
    return Response(json.encode(body) + b"\n", status, mimetype="application/json")


def main() -> None:
    """Load the bundle, prove it, serve it."""
    try:
        model = verified(root(), os.environ.get("MODEL", "iris"))
    except BundleError as error:
        sys.exit(f"error: {error}")
    create_app(model).run(os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "5000")))


if __name__ == "__main__":
    main()
