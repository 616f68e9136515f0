"""The instructions of docs/how-to.md, followed in a copy."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from gitops.render.kustomize import render
from gitops.render.objects import of_kind, pod_of
from gitops.rules.kustomization import ORDER
from tests.helpers.manifests import ROOT, WORKFLOW, gitops

TEXT = (ROOT / "docs" / "how-to.md").read_text()


def block(heading, language="sh"):
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1]


def content(tree):
    return {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def typed(tree, heading, number=0):
    """Run the commands of a section's block in the copy, as they stand."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    script = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[number].replace("python -m", f"{sys.executable} -m")
    command = ["bash", "-ec", script]
    done = subprocess.run(command, cwd=tree, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_new_environment_is_one_command_and_leaves_nothing_when_it_goes(tree, check):
    before = content(tree)
    typed(tree, "A new environment")
    assert check().output == "dev, qa, staging, prod: no rule is broken, no file is stale\n"
    (deployment,) = of_kind(render(tree / "overlays" / "qa"), "Deployment")
    assert deployment["metadata"]["namespace"] == "mlops-qa"
    assert pod_of(deployment)["metadata"]["labels"]["env"] == "qa"
    inputs = yaml.load((tree / WORKFLOW).read_text(), yaml.BaseLoader)["on"]["workflow_dispatch"]["inputs"]
    assert inputs["source"]["options"] == ["dev", "qa", "staging"]
    assert inputs["target"]["options"] == ["qa", "staging", "prod"]
    assert "| `qa` | `mlops-qa` | 3 | info |" in (tree / "README.md").read_text()
    rules = (tree / "overlays" / "qa" / "alerts.yaml").read_text()
    assert ("mlops-qa" in rules, "mlops-staging" in rules) == (True, False)
    typed(tree, "A new environment", 1)
    assert content(tree) == before


def test_a_component_comes_and_goes(tree):
    before = content(tree)
    typed(tree, "A component in an environment")
    assert content(tree) == before


def test_without_the_operator_nothing_of_its_kinds_is_left(tree, check):
    typed(tree, "A cluster without the Prometheus operator")
    assert check().exit_code == 0
    versions = {each["apiVersion"].partition("/")[0] for each in render(tree / "overlays" / "prod")}
    assert "monitoring.coreos.com" not in versions


def add_component(tree, name):
    done = gitops(tree, "component", "add", name, "dev")
    assert done.exit_code == 0, done.output


def test_a_private_registry(tree, check_generated):
    add_component(tree, "pull-secret")
    done = check_generated()
    assert done.exit_code == 0, done.output
    (account,) = of_kind(render(tree / "overlays" / "dev"), "ServiceAccount")
    (secret,) = account["imagePullSecrets"]
    assert re.search(r"secret docker-registry (\S+) ", block("A private registry"))[1] == secret["name"]


def test_keys_come_from_a_secret(tree, check_generated):
    add_component(tree, "api-key")
    done = check_generated()
    assert done.exit_code == 0, done.output
    (deployment,) = of_kind(render(tree / "overlays" / "dev"), "Deployment")
    spec = pod_of(deployment)["spec"]
    (keys,) = [each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each]
    (container,) = spec["containers"]
    assert container["env"] == [{"name": "API_KEYS_FILE", "value": "/etc/score-app/keys"}]
    wanted = re.search(r"secret generic (\S+) --from-literal=(\w+)=", block("A secret: API keys"))
    assert (keys, "keys") == wanted.groups()


def test_a_load_test(tree, check_generated):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    found = yaml.safe_load(page.read_text())
    for key, more in yaml.safe_load(block("A load test in the cluster", "yaml").replace("DIGEST", "1" * 64)).items():
        found[key] = found.get(key, []) + more
    page.write_text(yaml.safe_dump({key: found[key] for key in ORDER if key in found}, sort_keys=False))
    assert check_generated().output == "dev, staging, prod: no rule is broken, no file is stale\n"
    objects = render(page.parent)
    config = next(each for each in of_kind(objects, "ConfigMap") if "USERS" in each["data"])
    assert (config["data"]["STEADY"], config["data"]["RATE"]) == ("100", "10")
    deployments = {each["metadata"]["name"]: pod_of(each)["spec"] for each in of_kind(objects, "Deployment")}
    (master,), (worker,) = (deployments[name]["containers"] for name in ("locust-master", "locust-worker"))
    for each in (master, worker):
        assert each["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
        assert each["image"] == f"REGISTRY/score-app-load:0.1.0@sha256:{'1' * 64}"
    passed = set(re.findall(r"\$\((\w+)\)", " ".join(master["args"])))
    read = set(re.findall(r'"([A-Z0-9]+)", \d', (ROOT / "loadtest" / "locustfile.py").read_text()))
    assert (passed & read, passed | read) == (set(), set(config["data"]))


def test_another_model(tree, check_generated):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    page.write_text(page.read_text().replace("LOG_LEVEL=debug", "LOG_LEVEL=debug\n      - MODEL=churn"))
    assert check_generated().exit_code == 0
