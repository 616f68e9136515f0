"""The admission policy follows from environments.yaml, and `check` knows what it would refuse."""

import os

import pytest
import yaml

from gitops.environments import load
from gitops.generate.admission import is_admitted
from tests.helpers.manifests import VERSION, gitops, run, tool

DIGEST = f"sha256:{'a' * 64}"
OWN = "ghcr.io/score-app/score-app"


def declare(tree, old, new):
    path = tree / "environments.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def guarded(tree):
    """Return a tree in which the policy is on in prod."""
    declare(tree, "namespace: mlops-prod", "namespace: mlops-prod\n    admission: true")
    assert gitops(tree, "generate").exit_code == 0
    return tree


def objects(tree, name="admission.yaml"):
    return list(yaml.safe_load_all((tree / "clusters" / name).read_text()))


def test_nothing_is_guarded_that_is_not_declared(tree):
    assert not (tree / "clusters" / "admission.yaml").exists()


def test_only_namespaces_that_ask_for_it_are_guarded(guarded):
    policy, binding = objects(guarded)
    (where,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert where["values"] == ["mlops-prod"]
    assert (policy["spec"]["failurePolicy"], binding["spec"]["validationActions"]) == ("Fail", ["Deny"])


def test_a_stale_policy_fails_the_check_and_one_without_an_environment_goes(guarded):
    page = guarded / "clusters" / "admission.yaml"
    page.write_text(page.read_text().replace("{64}", "{6}"))
    assert "clusters/admission.yaml is stale: python -m gitops generate" in gitops(guarded, "check").output
    declare(guarded, "    admission: true\n", "")
    assert gitops(guarded, "generate").exit_code == 0
    assert not page.exists()


def test_an_environment_elsewhere_has_a_policy_of_its_own(guarded):
    declare(guarded, "    admission: true\n", "    admission: true\n    cluster: europe\n")
    assert gitops(guarded, "generate").exit_code == 0
    assert not (guarded / "clusters" / "admission.yaml").exists()
    assert len(objects(guarded, "admission-europe.yaml")) == 2


@pytest.mark.parametrize(
    ("image", "admitted"),
    [
        (f"{OWN}@{DIGEST}", True), (f"{OWN}:1.2.0@{DIGEST}", True), (f"{OWN}-iris@{DIGEST}", True),
        (f"quay.io/mesh/proxy@{DIGEST}", True), (f"{OWN}:1.2.0", False), (OWN, False), (f"{OWN}x@{DIGEST}", False),
        (f"{OWN}-iris/x@{DIGEST}", False), (f"{OWN}@sha256:abc", False), (f"evil.example/{OWN}@{DIGEST}", False),
        (f"ghcrxio/score-app/score-app@{DIGEST}", False), (f"{OWN}@{DIGEST}\n", False), ("", False),
    ],
)  # fmt: skip
def test_images_are_ours_by_digest(image, admitted, tree):
    declare(tree, "former_names: []", "former_names: []\nadmits: [quay.io/mesh/proxy]")
    assert is_admitted(load(tree), image) == admitted


def test_check_names_an_image_that_an_environment_ships_and_its_cluster_would_refuse(guarded):
    assert "admission" not in gitops(guarded, "check").output
    page = guarded / "overlays" / "prod" / "kustomization.yaml"
    page.write_text(page.read_text().replace(f"newName: {OWN}", "newName: ghcr.io/other/app"))
    assert "prod: Deployment score-app: clusters/admission.yaml lets no image ghcr.io/other/app" in (
        gitops(guarded, "check").output
    )


def test_its_schema_knows_every_field(guarded):
    place = "default"
    if schemas := os.environ.get("SCHEMAS"):
        kind = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
        place = f"{schemas}/{{{{ .NormalizedKubernetesVersion }}}}-standalone-strict/{kind}"
    more = ("-strict", "-summary", "-kubernetes-version", VERSION, "-schema-location", place)
    done = run(tool("kubeconform"), *more, guarded / "clusters" / "admission.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Skipped: 0" in done.stdout
