"""The component prediction-log, as docs/prediction-log.md says it is added."""

import re

import yaml

from api.settings import Settings
from gitops.render.kustomize import render
from gitops.render.objects import of_kind, pod_of
from gitops.rules.kustomization import ORDER
from model.prediction_log.__main__ import USAGE
from tests.helpers.manifests import ROOT

PAGE = (ROOT / "docs" / "prediction-log.md").read_text()


def add(tree, digest="1" * 64):
    """Follow the page's block in dev's overlay."""
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    found = yaml.safe_load(page.read_text())
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1].replace("DIGEST", digest)
    for key, more in yaml.safe_load(block).items():
        found[key] = found.get(key, []) + more
    page.write_text(yaml.safe_dump({key: found[key] for key in ORDER if key in found}, sort_keys=False))
    return page.parent


def test_the_shipper_runs_beside_the_service_on_one_volume(tree, check_generated):
    overlay = add(tree)
    done = check_generated()
    assert done.exit_code == 0, done.output
    objects = render(overlay)
    (deployment,) = of_kind(objects, "Deployment")
    spec = pod_of(deployment)["spec"]
    (shipper,), (service,) = spec["initContainers"], spec["containers"]
    assert shipper["image"] == f"REGISTRY/score-app-log:0.1.0@sha256:{'1' * 64}"
    # A native sidecar: ended after the service, so that nothing that it wrote is left.
    assert shipper["restartPolicy"] == "Always"
    folder = next(each["mountPath"] for each in shipper["volumeMounts"])
    assert folder in [each["mountPath"] for each in service["volumeMounts"]]
    configs = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    settings = configs[service["envFrom"][0]["configMapRef"]["name"]]
    given = configs[shipper["envFrom"][0]["configMapRef"]["name"]]
    assert settings["PREDICTION_LOG"] == folder == shipper["env"][0]["value"]
    assert given == {"PREDICTION_LOG_STORE": "s3://BUCKET/FOLDER"}
    assert {"PREDICTION_LOG", *given} <= set(re.findall(r"[A-Z_]{5,}", USAGE))


def test_the_service_drops_rows_before_the_volume_is_full(tree):
    (deployment,) = of_kind(render(add(tree)), "Deployment")
    (volume,) = [each for each in pod_of(deployment)["spec"]["volumes"] if each["name"] == "prediction-log"]
    assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) << 20 > 1.2 * Settings().prediction_log_bytes


def test_a_shipper_without_a_digest_is_refused(tree, check):
    add(tree, "not-a-digest")
    done = check()
    assert done.exit_code == 1
    assert "the image score-app-log has no digest of a released image" in done.output
