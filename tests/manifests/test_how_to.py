"""What docs/how-to.md says, done as written in a copy."""

import re
import subprocess

import yaml

from gitops.render import of_kind, pod_of, render
from gitops.rules import ORDER
from tests.manifests.conftest import ROOT

TEXT = (ROOT / "docs" / "how-to.md").read_text()


def block(heading, language="sh"):
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1]


def test_a_new_environment(tree, check):
    commands = [line for line in block("A new environment").splitlines() if not line.startswith("make deploy")]
    subprocess.run(["bash", "-ec", "\n".join(commands)], cwd=tree, check=True)
    assert check().output == "dev, prod, qa, staging: every rule is kept\n"
    (deployment,) = of_kind(render(tree / "overlays" / "qa"), "Deployment")
    assert deployment["metadata"]["namespace"] == "mlops-qa"
    assert pod_of(deployment)["metadata"]["labels"]["env"] == "qa"


def add_component(tree, name):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    entry = block("A new component", "yaml").splitlines()[1].replace("NAME", name)
    page.write_text(page.read_text().replace("components:\n", f"components:\n{entry}\n"))


def test_a_new_component_and_a_private_registry(tree, check):
    folder = tree / "components" / "registry"
    folder.mkdir()
    (folder / "account.yaml").write_text(block("A private registry", "yaml"))
    page = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": [{"path": "account.yaml"}],
    }
    (folder / "kustomization.yaml").write_text("# Needs a Secret registry.\n" + yaml.safe_dump(page))
    add_component(tree, "registry")
    assert check().exit_code == 0, check().output
    (account,) = of_kind(render(tree / "overlays" / "dev"), "ServiceAccount")
    assert account["imagePullSecrets"] == [{"name": "registry"}]


def test_keys_come_from_a_secret(tree, check):
    add_component(tree, "api-key")
    assert check().exit_code == 0, check().output
    (deployment,) = of_kind(render(tree / "overlays" / "dev"), "Deployment")
    spec = pod_of(deployment)["spec"]
    (keys,) = [each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each]
    (container,) = spec["containers"]
    assert container["env"] == [{"name": "API_KEYS_FILE", "value": "/etc/score-app/keys"}]
    wanted = re.search(r"secret generic (\S+) --from-literal=(\w+)=", block("A secret: API keys"))
    assert (keys, "keys") == wanted.groups()


def test_a_load_test(tree, check):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    found = yaml.safe_load(page.read_text())
    for key, more in yaml.safe_load(block("A load test in the cluster", "yaml").replace("DIGEST", "1" * 64)).items():
        found[key] = found.get(key, []) + more
    page.write_text(yaml.safe_dump({key: found[key] for key in ORDER if key in found}, sort_keys=False))
    assert check().output == "dev, prod, staging: every rule is kept\n"
    objects = render(page.parent)
    config = next(each for each in of_kind(objects, "ConfigMap") if "USERS" in each["data"])
    assert (config["data"]["STEADY"], config["data"]["RATE"]) == ("100", "10")
    deployments = {each["metadata"]["name"]: pod_of(each)["spec"] for each in of_kind(objects, "Deployment")}
    (master,), (worker,) = (deployments[name]["containers"] for name in ("locust-master", "locust-worker"))
    for each in (master, worker):
        assert each["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
        assert each["image"] == f"REGISTRY/score-app-load:0.1.0@sha256:{'1' * 64}"
    told = set(re.findall(r"\$\((\w+)\)", " ".join(master["args"])))
    read = set(re.findall(r'"([A-Z0-9]+)", \d', (ROOT / "loadtest" / "locustfile.py").read_text()))
    assert (told & read, told | read) == (set(), set(config["data"]))


def test_another_model(tree, check):
    page = tree / "overlays" / "dev" / "kustomization.yaml"
    page.write_text(page.read_text().replace("LOG_LEVEL=debug", "LOG_LEVEL=debug\n      - MODEL=churn"))
    assert check().exit_code == 0
