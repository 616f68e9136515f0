"""The list of metrics is what is exposed, no more and no less, and holds the tutorials' names."""

from prometheus_client.parser import text_string_to_metric_families

from api.telemetry.metric_list import METRICS
from api.telemetry.prometheus import exposition

SUFFIX = {"CounterMetricFamily": "", "InfoMetricFamily": "_info"}
TUTORIALS = {"request_count", "request_latency_seconds", "regression_model_output"}


def test_the_exposition_has_the_listed_metrics(make_client):
    client = make_client("iris", "wine", "churn")
    client.post("/score", {"X": [5.1, 3.5, 1.4, 0.2]})
    body, _ = exposition(client.service.metrics, "text/plain")
    found = {each.name: each for each in text_string_to_metric_families(body.decode())}
    own = {name for name in found if not name.startswith("process_")}
    assert own == {each.name + SUFFIX.get(each.type.__name__, "") for each in METRICS}
    for each in METRICS:
        family = found[each.name + SUFFIX.get(each.type.__name__, "")]
        assert family.documentation == each.help
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(each.labels)


def test_names_are_unique_and_the_tutorials_are_among_them():
    names = [each.name for each in METRICS]
    assert len(names) == len(set(names))
    assert set(names) >= TUTORIALS
