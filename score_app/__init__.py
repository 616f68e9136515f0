"""A model from Python: pack an estimator as a bundle, load it, prove it, serve it."""

from score_app.model import Model, check, load
from score_app.packing import pack
from score_app.server import Server, serve

__all__ = ["Model", "Server", "check", "load", "pack", "serve"]
