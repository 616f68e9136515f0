"""The objects of Argo CD, Flux and the account that verifies: one for each environment, each known to its schema."""

import os

import pytest
import yaml

from gitops.environments import load
from gitops.render.objects import of_kind
from tests.helpers.manifests import ENVIRONMENTS, ROOT, VERSION, gitops, rendered, run, tool
from tests.helpers.waiting import unless


def test_argo_cd_has_an_application_for_each_environment():
    found = {each["spec"]["source"]["path"]: each for each in of_kind(rendered("clusters/argocd"), "Application")}
    assert list(found) == [f"rendered/{name}" for name in sorted(ENVIRONMENTS)]
    for name in ENVIRONMENTS:
        spec = found[f"rendered/{name}"]["spec"]
        assert spec["destination"]["namespace"] == rendered(f"overlays/{name}")[0]["metadata"]["name"]
        scaled = bool(of_kind(rendered(f"overlays/{name}"), "HorizontalPodAutoscaler"))
        assert ("RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]) == scaled
        assert ("ignoreDifferences" in spec) == scaled


def test_argo_cd_s_project_allows_these_namespaces_and_no_other():
    (project,) = of_kind(rendered("clusters/argocd"), "AppProject")
    allowed = [each["namespace"] for each in project["spec"]["destinations"]]
    assert allowed == [each.namespace for each in load(ROOT).all]


def test_flux_has_a_kustomization_for_each_environment():
    found = {each["spec"]["path"]: each["spec"] for each in of_kind(rendered("clusters/flux"), "Kustomization")}
    assert set(found) == {f"./rendered/{name}" for name in ENVIRONMENTS}
    for name in ENVIRONMENTS:
        scaled = bool(of_kind(rendered(f"overlays/{name}"), "HorizontalPodAutoscaler"))
        targets = [each["target"]["kind"] for each in found[f"./rendered/{name}"].get("ignore", [])]
        assert targets == ["Deployment"] * scaled


@pytest.mark.parametrize("controller", ["argocd", "flux"])
def test_their_schemas_know_every_field(controller, tree):
    schemas = os.environ.get("SCHEMAS")
    unless(schemas, "the controllers' schemas are not here: SCHEMAS names a folder of them")
    # One environment elsewhere, so that the fields for another cluster are there too.
    declared = tree / "environments.yaml"
    text = declared.read_text()
    declared.write_text(text.replace("namespace: mlops-prod", "namespace: mlops-prod\n    cluster: europe"))
    assert gitops(tree, "generate").exit_code == 0
    assert "europe" in (tree / "clusters" / controller / "prod.yaml").read_text()
    place = f"{schemas}/{{{{ .Group }}}}/{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json"
    files = [path for path in (tree / "clusters" / controller).glob("*.yaml") if path.name != "kustomization.yaml"]
    more = ("-strict", "-summary", "-kubernetes-version", VERSION, "-schema-location", place)
    done = run(tool("kubeconform"), *more, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Skipped: 0" in done.stdout


def test_the_account_that_verifies_may_only_read_and_only_in_the_environments():
    found = list(yaml.safe_load_all((ROOT / "clusters" / "verify.yaml").read_text()))
    bindings = of_kind(found, "RoleBinding")
    assert [each["metadata"]["namespace"] for each in bindings] == [each.namespace for each in load(ROOT).all]
    assert {each["roleRef"]["name"] for each in bindings} == {f"{load(ROOT).name}-verify"}
    rules = [rule for each in of_kind(found, "ClusterRole") for rule in each["rules"]]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list"}
    allowed = {(group, resource) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]}
    assert ("", "secrets") not in allowed
    # It may read whatever it has to compare, in each environment and with each component.
    pages = [*ROOT.glob("components/*/*.yaml"), *ROOT.glob("rendered/*/*.yaml"), *ROOT.glob("base/*.yaml")]
    for each in (each for page in pages for each in yaml.safe_load_all(page.read_text())):
        group = each["apiVersion"].rpartition("/")[0]
        if "kind" in each and group != "kustomize.config.k8s.io" and "load-test" not in str(each["metadata"]):
            resource = f"{each['kind'].lower().removesuffix('y')}{'ies' if each['kind'].endswith('y') else 's'}"
            assert (group, resource) in allowed
