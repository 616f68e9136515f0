"""What is rendered is what Kubernetes' own types know, for every environment and many sets of components."""

import json
from itertools import combinations

import pytest
import yaml
from kubernetes.client import ApiClient

from gitops.render.kustomize import render
from gitops.render.objects import of_kind
from tests.helpers.manifests import ENVIRONMENTS, ROOT, rendered

TYPES = {
    "Namespace": "V1Namespace", "Deployment": "V1Deployment", "Service": "V1Service", "ConfigMap": "V1ConfigMap",
    "ServiceAccount": "V1ServiceAccount", "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "PodDisruptionBudget": "V1PodDisruptionBudget", "NetworkPolicy": "V1NetworkPolicy",
    "ResourceQuota": "V1ResourceQuota", "LimitRange": "V1LimitRange", "Job": "V1Job",
}  # fmt: skip
# kubeconform holds these against their own definitions.
OPERATORS = ("ServiceMonitor", "PrometheusRule")
COMPONENTS = sorted(path.name for path in (ROOT / "components").iterdir())


def round_trip(found):
    client = ApiClient()
    kind = TYPES[found["kind"]]
    typed = client.deserialize(json.dumps(found), kind, "application/json")
    return client.sanitize_for_serialization(typed)


@pytest.mark.parametrize("path", ["base", "batch", ".", *(f"overlays/{each}" for each in ENVIRONMENTS)])
def test_every_field_is_one_that_the_types_know(path):
    for each in rendered(path):
        assert each["kind"] in OPERATORS or round_trip(each) == each


def write(folder, components):
    folder.mkdir()
    page = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": folder.name,
        "resources": ["../base"], "components": [f"../components/{each}" for each in components],
    }  # fmt: skip
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(page))


def test_components_render_and_add_up_whichever_are_chosen(tree):
    """Few of them and nearly all: what two do to each other shows there, and all 2^N sets would take for ever."""
    sizes = [0, 1, 2, len(COMPONENTS) - 1, len(COMPONENTS)]
    sets = [chosen for size in sizes for chosen in combinations(COMPONENTS, size)]
    for number, chosen in enumerate(sets):
        write(tree / f"set-{number}", chosen)
    page = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "resources": [f"set-{number}" for number in range(len(sets))]}  # fmt: skip
    (tree / "kustomization.yaml").write_text(yaml.safe_dump(page))
    objects = render(tree)
    kinds = {}
    for each in objects:
        place = each["metadata"].get("namespace") or each["metadata"]["name"]
        kinds.setdefault(place, []).append(each["kind"])
        if each["kind"] in TYPES:
            assert round_trip(each) == each
    assert len(kinds) == len(sets)
    alone = {each: added(kinds, sets.index((each,))) for each in COMPONENTS}
    for number, chosen in enumerate(sets):
        assert added(kinds, number) == sorted(kind for each in chosen for kind in alone[each])
    for deployment in of_kind(objects, "Deployment"):
        names = [each["name"] for each in deployment["spec"]["template"]["spec"]["containers"]]
        assert names == [deployment["metadata"]["name"]]


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_component_keeps_callers_out(component, tree):
    write(tree / "alone", [component])
    policies = [
        each["spec"] for each in of_kind(render(tree / "alone"), "NetworkPolicy")
        if each["spec"]["podSelector"].get("matchLabels", {"app": "score-app"}) == {"app": "score-app"}
        and "Ingress" in each["spec"]["policyTypes"]
    ]  # fmt: skip
    rules = [rule for each in policies for rule in each.get("ingress", ())]
    assert not policies or {"ports": [{"port": "http"}]} in rules


def added(kinds, number):
    more = list(kinds[f"set-{number}"])
    for kind in kinds["set-0"]:
        more.remove(kind)
    return sorted(more)


def test_the_order_of_components_does_not_matter(tree):
    write(tree / "one", COMPONENTS)
    write(tree / "other", COMPONENTS[::-1])
    (tree / "other" / "kustomization.yaml").write_text(
        (tree / "other" / "kustomization.yaml").read_text().replace("namespace: other", "namespace: one")
    )
    key = lambda each: (each["kind"], each["metadata"]["name"])  # noqa: E731
    one, other = sorted(render(tree / "one"), key=key), sorted(render(tree / "other"), key=key)
    assert [normal(each) for each in one] == [normal(each) for each in other]


def normal(found):
    """Return an object with its named lists sorted: their order follows the components', and means nothing."""
    if isinstance(found, dict):
        return {key: normal(each) for key, each in found.items()}
    if isinstance(found, list):
        return sorted(map(normal, found), key=json.dumps)
    return found
