"""The controllers' objects: one for each stage, each naming a path that renders."""

import os

import pytest
import yaml

from gitops.render import of_kind
from gitops.stages import load
from tests.conftest import unless
from tests.manifests.conftest import ROOT, VERSION, rendered, run, tool

STAGES = load(ROOT).names


def test_argo_cd_has_an_application_for_each_stage():
    found = {each["spec"]["source"]["path"]: each for each in of_kind(rendered("clusters/argocd"), "Application")}
    assert list(found) == [f"overlays/{name}" for name in sorted(STAGES)]
    for name in STAGES:
        spec = found[f"overlays/{name}"]["spec"]
        assert spec["destination"]["namespace"] == rendered(f"overlays/{name}")[0]["metadata"]["name"]
        scaled = bool(of_kind(rendered(f"overlays/{name}"), "HorizontalPodAutoscaler"))
        assert ("RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]) == scaled
        assert ("ignoreDifferences" in spec) == scaled


def test_flux_has_a_kustomization_for_each_stage():
    found = {each["spec"]["path"]: each["spec"] for each in of_kind(rendered("clusters/flux"), "Kustomization")}
    assert set(found) == {f"./overlays/{name}" for name in STAGES}
    for name in STAGES:
        scaled = bool(of_kind(rendered(f"overlays/{name}"), "HorizontalPodAutoscaler"))
        assert [each["target"]["kind"] for each in found[f"./overlays/{name}"].get("ignore", [])] == [
            "Deployment"
        ] * scaled


@pytest.mark.parametrize("controller", ["argocd", "flux"])
def test_their_schemas_know_every_field(controller, tmp_path):
    schemas = os.environ.get("SCHEMAS")
    unless(schemas, "the controllers' schemas are not here: SCHEMAS names a folder of them")
    place = f"{schemas}/{{{{ .Group }}}}/{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json"
    files = [path for path in (ROOT / "clusters" / controller).glob("*.yaml") if path.name != "kustomization.yaml"]
    more = ("-strict", "-summary", "-kubernetes-version", VERSION, "-schema-location", place)
    done = run(tool("kubeconform"), *more, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Skipped: 0" in done.stdout


def test_the_account_that_verifies_may_only_look_and_only_at_the_stages():
    found = list(yaml.safe_load_all((ROOT / "clusters" / "verify.yaml").read_text()))
    bindings = of_kind(found, "RoleBinding")
    assert [each["metadata"]["namespace"] for each in bindings] == [f"mlops-{name}" for name in STAGES]
    assert {each["roleRef"]["name"] for each in bindings} == {"score-app-verify"}
    rules = [rule for each in of_kind(found, "ClusterRole") for rule in each["rules"]]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list"}
    assert "secrets" not in {resource for rule in rules for resource in rule["resources"]}
