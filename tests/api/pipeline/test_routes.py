"""The route table: complete, without contradictions, and the same for both transports."""

from collections import Counter

from api.inference.models import Models
from api.pipeline.routes import PUBLIC_METRICS, ROUTES, unmatched
from api.transport.fast_path import concrete_paths
from tests.helpers.server import model


def test_every_route_is_there_once_and_is_answered_in_one_way():
    assert set(Counter(route.key for route in ROUTES).values()) == {1}
    for route in (*ROUTES, PUBLIC_METRICS):
        assert (route.operation is None) is (route.handler is not None)
        assert (route.operation is None) is (route.find_model is None)
        assert route.scoring or route.operation is None


def test_a_protocol_has_one_name_and_one_error_shape_but_for_the_file_page():
    shapes = {}
    for route in ROUTES:
        shapes.setdefault(route.protocol.name, set()).add(route.protocol.render_error)
    assert {name for name, renderers in shapes.items() if len(renderers) > 1} == {"pages"}


def test_the_fast_path_knows_every_model_s_paths():
    found = concrete_paths(Models([model("iris"), model("churn")], 10))
    version = model("churn").version
    for path in ("/v1/models/iris:predict", "/v1/models/churn:predict", f"/v2/models/churn/versions/{version}/infer"):
        _, known, names = found[path]["POST"]
        assert known.name == names["name"]
    assert found["/score"]["POST"][1].name == "iris"
    assert found["/predict_file"]["POST"][1].name == "iris"
    assert not any("<" in path or path.startswith("/static") for path in found)


def test_unmatched_paths_have_the_errors_that_their_callers_expect():
    assert unmatched("GET", "/v2/x").protocol.name == unmatched("GET", "/v1/x").protocol.name == "kserve_v1"
    assert unmatched("GET", "/x").protocol.name == "score"
