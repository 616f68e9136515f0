"""Linters of the field on every environment, the Dockerfile and the workflows."""

import json
import os

import pytest

from gitops.components import listed
from gitops.render.kustomize import render_text
from tests.helpers.manifests import ENVIRONMENTS, ROOT, VERSION, operator_schemas, run, tool

# kube-score, where an environment has no such component: one developer's place has nothing to keep.
PASSED_OVER = {
    "network-policy": "pod-networkpolicy",
    "disruption-budget": "deployment-has-poddisruptionbudget",
    "spread": "deployment-has-host-podantiaffinity",
}
# Checkov asks for these of every Deployment alike.
SKIPPED = {
    "CKV2_K8S_6": "for environments without the component network-policy",
}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request, tmp_path):
    return written(f"overlays/{request.param}", tmp_path)


def written(place, folder):
    path = folder / f"{place.rpartition('/')[2]}.yaml"
    path.write_text(render_text(ROOT / place))
    return path


def test_kubeconform(environment, tmp_path):
    conforms(environment, tmp_path)


def conforms(path, folder):
    """Hold objects against the definitions of Kubernetes and of the operator."""
    operator_schemas(folder)
    own = f"{folder}/{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json"
    places = ["default", own]
    if schemas := os.environ.get("SCHEMAS"):
        kinds = "{{ .NormalizedKubernetesVersion }}-standalone-strict/{{ .ResourceKind }}{{ .KindSuffix }}.json"
        others = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
        places = [f"{schemas}/{kinds}", f"{schemas}/{others}", own]
    where = [part for place in places for part in ("-schema-location", place)]
    done = run(tool("kubeconform"), "-strict", "-summary", "-kubernetes-version", VERSION, *where, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Invalid: 0, Errors: 0, Skipped: 0" in done.stdout


def test_kube_score(environment):
    lacking = PASSED_OVER.keys() - set(listed(ROOT, environment.stem))
    ignored = [part for each in sorted(lacking) for part in ("--ignore-test", PASSED_OVER[each])]
    done = run(tool("kube-score"), "score", *ignored, "--exit-one-on-warning", "-o", "ci", environment)
    assert done.returncode == 0, done.stdout


def test_kubernetes_validate(environment):
    done = run(tool("kubernetes-validate"), "--strict", "-k", VERSION.rpartition(".")[0], environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov(environment):
    skipped = ["--skip-check", ",".join(SKIPPED)] if "network-policy" not in listed(ROOT, environment.stem) else []
    more = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download", "-o", "json", *skipped]
    done = run(tool("checkov"), "-f", environment, *more)
    found = json.loads(done.stdout)
    failed = [(each["check_id"], each["check_name"]) for each in found["results"]["failed_checks"]]
    assert (failed, found["summary"]["passed"] > 50) == ([], True)


def test_the_batch_job(tmp_path):
    path = written("batch", tmp_path)
    conforms(path, tmp_path)
    done = run(tool("kubernetes-validate"), "--strict", "-k", VERSION.rpartition(".")[0], path)
    assert done.returncode == 0, done.stdout + done.stderr
    more = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download", "-o", "json"]
    found = json.loads(run(tool("checkov"), "-f", path, *more).stdout)
    failed = [(each["check_id"], each["check_name"]) for each in found["results"]["failed_checks"]]
    # Tag and digest of the image are the overlay's, and S3's keys are where every client of S3 looks for them.
    assert {check for check, _ in failed} <= {"CKV_K8S_14", "CKV_K8S_43", "CKV_K8S_35"}, failed


def test_the_dockerfile():
    done = run(tool("hadolint"), "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows():
    done = run(tool("actionlint"))
    assert done.returncode == 0, done.stdout


def test_old_and_new_kustomize_render_alike(environment):
    commands = [[tool("kubectl"), "kustomize"], [tool("kustomize"), "build"]]
    old, new = (run(*command, ROOT / "overlays" / environment.stem).stdout for command in commands)
    assert old == new
