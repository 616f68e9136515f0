"""What the OpenAPI document promises is held against what the server does."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from tests.helpers.server import model

_, SERVICE = build(Settings(model=("iris", "churn")), [model("iris"), model("churn")], Log("error"))


def _application():
    application, _ = build(Settings(model=("iris", "churn")), [model("iris"), model("churn")], Log("error"))
    return application


schema = schemathesis.openapi.from_wsgi("/openapi.json", _application())


@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_server_keeps_its_document_s_promises(case):
    case.call_and_validate(excluded_checks=[checks.positive_data_acceptance])
