"""A service in this process, and a real server in another."""

import pytest

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from tests.helpers.server import Client, model


@pytest.fixture
def make_client():
    """Return a function that makes a client of a new application: of Flask alone, or with the fast path."""

    def make(*names, fast=True, stream=None, **settings):
        wished = Settings(**{"model": names or ("iris",), **settings})
        application, service = build(wished, [model(name) for name in wished.model], Log("info", stream))
        return Client(application if fast else application._application, service)

    return make
