"""`bootstrap` brings the admission policy to the controller's own cluster, once everything runs that it would judge."""

import json
import shutil
import sys

import pytest
import yaml

from tests.gitops.fake_cluster import EmptyCluster, serving
from tests.helpers.repository import NEW
from tests.helpers.sample import sample

API = "admissionregistration.k8s.io/v1"
POLICY = ["ValidatingAdmissionPolicy score-app-images", "ValidatingAdmissionPolicyBinding score-app-images"]
KINDS = {"argoproj.io/v1alpha1": ("Application", "AppProject"), "autoscaling/v2": ("HorizontalPodAutoscaler",),
         "monitoring.coreos.com/v1": ("ServiceMonitor", "PrometheusRule")}  # fmt: skip
KUBECTL = """#!{python}
import json, os, pathlib, sys
args = sys.argv[1:]
if args[:1] in (["kustomize"], ["version"]):
    os.execv("{kubectl}", ["kubectl", *args])
assert args[:2] == ["--context", "a"], args
if args[2] == "get":
    sys.exit(1)
assert args[2:4] == ["apply", "--server-side"], args
items = json.loads(pathlib.Path(args[-1]).read_text())["items"]
with pathlib.Path("{place}", "applied").open("a") as applied:
    applied.write(json.dumps(items) + "\\n")
"""


class Connected(EmptyCluster):
    """A cluster whose Argo CD has applied the newest commit in these environments."""

    def __init__(self, repository):
        super().__init__()
        self.repository, self.at = repository, {}

    def answer(self, path):
        version, _, plural = path.partition("?")[0].removeprefix("/apis/").rstrip("/").rpartition("/")
        if version in KINDS and plural == "applications":
            return {"items": [self.application(each) for each in ("dev", "staging", "prod")]}
        if found := KINDS.get(f"{version}/{plural}"):
            return {"resources": [{"kind": each} for each in found]}
        return super().answer(path)

    def application(self, environment):
        page = self.repository.place / "clusters" / "argocd" / f"{environment}.yaml"
        commit = self.at.get(environment) or self.repository.git("rev-parse", "HEAD")
        status = {
            "sync": {"status": "Synced", "revision": commit}, "operationState": {"phase": "Succeeded"},
            "health": {"status": "Healthy"},
        }  # fmt: skip
        return yaml.safe_load(page.read_text()) | {"status": status}


@pytest.fixture
def cluster(repository, tmp_path, monkeypatch):
    """Give a cluster with Argo CD; what is applied to it is kept."""
    sample(repository.place, "clusters", "README.md", ".github")
    repository.commit("the rest")
    repository.change("release", NEW)
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(KUBECTL.format(python=sys.executable, place=tmp_path, kubectl=shutil.which("kubectl")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    found = Connected(repository)
    with serving(found) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield found


def guard(repository, *more):
    """Let prod have the policy."""
    page = repository.place / "environments.yaml"
    lines = "".join(f"\n    {each}" for each in ("admission: true", *more))
    page.write_text(page.read_text().replace("namespace: mlops-prod", f"namespace: mlops-prod{lines}"))
    assert repository.run("generate").exit_code == 0
    repository.commit("guard prod")


def applied(tmp_path):
    """Return what each call of kubectl has applied, and forget it."""
    file = tmp_path / "applied"
    found = [json.loads(line) for line in file.read_text().splitlines()]
    file.unlink()
    return found


def names(objects):
    return [f"{each['kind']} {each['metadata']['name']}" for each in objects]


def admission(calls):
    return [each for call in calls for each in call if each["apiVersion"] == API]


def test_the_policy_is_applied_last_as_git_has_it(repository, cluster, tmp_path):
    guard(repository)
    done = repository.run("bootstrap", "argocd")
    assert done.exit_code == 0, done.output
    calls = applied(tmp_path)
    assert names(calls[-1]) == POLICY
    assert calls[-1] == list(yaml.safe_load_all((repository.place / "clusters" / "admission.yaml").read_text()))
    assert admission(calls[:-1]) == []
    # It can be repeated.
    assert repository.run("bootstrap", "argocd").exit_code == 0
    assert names(applied(tmp_path)[-1]) == POLICY


def test_it_guards_nothing_before_every_environment_is_there(repository, cluster, tmp_path):
    guard(repository)
    cluster.at["prod"] = "0" * 40
    done = repository.run("bootstrap", "argocd", "--timeout", "1")
    assert done.exit_code == 1, done.output
    assert admission(applied(tmp_path)) == []


def test_where_nobody_asks_for_it_there_is_none(repository, cluster, tmp_path):
    assert repository.run("bootstrap", "argocd").exit_code == 0
    assert admission(applied(tmp_path)) == []


def test_the_policy_of_another_cluster_stays_out_of_the_controllers(repository, cluster, tmp_path):
    guard(repository, "cluster: europe")
    assert (repository.place / "clusters" / "admission-europe.yaml").exists()
    done = repository.run("bootstrap", "argocd")
    assert done.exit_code == 0, done.output
    assert admission(applied(tmp_path)) == []
