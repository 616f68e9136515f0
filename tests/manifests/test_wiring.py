"""The connections between the manifests and the program."""

import pytest
import yaml

from api.pipeline.routes import ROUTES as ROUTE_TABLE
from api.settings import NAMES, from_environment
from gitops.render.objects import of_kind, pod_of
from tests.helpers.manifests import ENVIRONMENTS, ROOT, rendered

ADMIN = {"/metrics", "/drain", "/livez"}
ROUTES = {route.path for route in ROUTE_TABLE if route.method == "GET"}
COMPONENTS = sorted(path.name for path in (ROOT / "components").iterdir())


def container(path):
    (deployment,) = of_kind(rendered(path), "Deployment")
    (found,) = pod_of(deployment)["spec"]["containers"]
    return found


def settings_page(objects):
    return next(each for each in of_kind(objects, "ConfigMap") if "MODEL" in each["data"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_probes_and_hooks_ask_paths_that_are_there(environment):
    found = container(f"overlays/{environment}")
    asked = [found[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    asked += [each["httpGet"] for each in found["lifecycle"].values() if "httpGet" in each]
    for each in asked:
        assert each["path"] in (ADMIN if each["port"] == "admin" else ROUTES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_config_map_holds_good_settings(environment):
    config = settings_page(rendered(f"overlays/{environment}"))
    assert set(config["data"]) <= set(NAMES)
    settings = from_environment(config["data"])
    assert all((ROOT / "model" / "bundles" / name).is_dir() for name in settings.model)
    ports = {port["name"]: port["containerPort"] for port in container(f"overlays/{environment}")["ports"]}
    assert ports == {"http": settings.port, "admin": settings.admin_port}
    assert {"configMapRef": {"name": config["metadata"]["name"]}} in container(f"overlays/{environment}")["envFrom"]


def test_the_grace_outlasts_the_drain():
    (deployment,) = of_kind(rendered("overlays/dev"), "Deployment")
    grace = pod_of(deployment)["spec"]["terminationGracePeriodSeconds"]
    assert grace > from_environment({}).drain_timeout_seconds + 10


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_says_first_what_it_needs(name):
    page = (ROOT / "components" / name / "kustomization.yaml").read_text()
    assert page.startswith("# Needs ")
    found = yaml.safe_load(page)
    assert (found["kind"], "images" in found, "namespace" in found) == ("Component", False, False)


def test_nobody_outside_reaches_the_admin_port():
    for environment in ENVIRONMENTS:
        for service in of_kind(rendered(f"overlays/{environment}"), "Service"):
            ports = {port["targetPort"] for port in service["spec"]["ports"]}
            assert ports == {"http"} or service["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_deployment_has_the_tutorial_s_labels(environment):
    (deployment,) = of_kind(rendered(f"overlays/{environment}"), "Deployment")
    for meta in (deployment["metadata"], pod_of(deployment)["metadata"]):
        assert (meta["labels"]["app"], meta["labels"]["env"]) == ("score-app", environment)
    assert "env" not in deployment["spec"]["selector"]["matchLabels"]


def test_the_base_has_no_environment_s_label():
    for each in rendered("base"):
        assert "env" not in each["metadata"].get("labels", {})
