"""Clients that nobody here wrote; some have an environment of their own, made by `make tools`."""

import pytest

from tests.helpers.server import running


@pytest.fixture(scope="session")
def server():
    with running(model="iris,churn,purchase", public_metrics=1) as process:
        yield process
