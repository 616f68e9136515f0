"""A private registry, for real: `deploy` says that it lets nobody in, and the Secret of docs/how-to.md opens it.

E2E_REGISTRIES is the folder where the node's containerd has its registries' settings: this one speaks no TLS.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers.cluster import EXEC, IMAGE, INSIDE, PUSH, ROOT, address, ask, curl, kubectl, run, small
from tests.helpers.waiting import unless, until

NAME, SPACE, PORT = "private", "mlops-private", "15055"
REGISTRY, USER, PASSWORD = f"127.0.0.1:{PORT}", "somebody", "a-password-for-the-test"
REGISTRIES = os.environ.get("E2E_REGISTRIES", "")
PROXY = Path(__file__).parent / "asking_proxy.py"


@pytest.fixture(scope="module")
def registry(cluster):
    """Put a registry that asks for a password in front of the cluster's, where its node finds it."""
    unless(REGISTRIES, "E2E_REGISTRIES is not set")
    settings = Path(REGISTRIES) / REGISTRY
    settings.mkdir(exist_ok=True)
    (settings / "hosts.toml").write_text(f'server = "http://{REGISTRY}"\n')
    target = PUSH.replace("localhost", "127.0.0.1")
    with subprocess.Popen(
        [*EXEC, sys.executable, PROXY, target, PORT], env=os.environ | {"ACCESS": f"{USER}:{PASSWORD}"},
        start_new_session=True,
    ) as proxy:  # fmt: skip
        try:
            until(lambda: "401" in curl(f"http://{REGISTRY}/v2/", "-I").stdout, "the registry asks for a password")
            yield
        finally:
            os.killpg(proxy.pid, signal.SIGKILL)
            shutil.rmtree(settings)


@pytest.fixture(scope="module")
def place(tree, digest, registry, tmp_path_factory):
    """Give a repository with one small environment, whose image is in that registry."""
    place = tmp_path_factory.mktemp("private") / "repository"
    small(tree, place, NAME)
    shutil.copytree(ROOT / "model", place / "model", ignore=shutil.ignore_patterns("__pycache__"))
    declared = yaml.safe_load((place / "environments.yaml").read_text())
    declared["environments"] = [{"name": NAME, "namespace": SPACE}]
    (place / "environments.yaml").write_text(yaml.safe_dump(declared, default_flow_style=None))
    gitops(place, "init", "--image", f"{REGISTRY}/{IMAGE}:0.1.0@{digest}", "--repo", INSIDE)
    yield place
    kubectl("delete", "namespace", SPACE, "--ignore-not-found", timeout=180)


def gitops(place, *args, code=0):
    done = run(sys.executable, "-m", "gitops", *args, "--root", place, check=False, timeout=240)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_secret_of_the_page_opens_a_private_registry(place):
    output = gitops(place, "deploy", NAME, "--yes", code=1)
    assert "cannot be pulled: the registry does not let the cluster in" in output
    secret, component = re.search(
        r"^## A private registry\n\n```sh\n(.*)\n(.*)\n```$", (ROOT / "docs" / "how-to.md").read_text(), re.MULTILINE
    ).groups()
    words = {"mlops-prod": SPACE, "REGISTRY": REGISTRY, "NAME": USER, "TOKEN": PASSWORD}
    for word, mine in words.items():
        secret = re.sub(rf"\b{word}\b", mine, secret)
    run(*secret.split())
    assert component == "python -m gitops component add pull-secret prod"
    gitops(place, "component", "add", "pull-secret", NAME)
    gitops(place, "deploy", NAME, "--yes")
    assert ask(f"{address(SPACE)}/score", {"X": [5.1, 3.5, 1.4, 0.2]}) == {"score": [0]}
    pods = json.loads(kubectl("get", "pods", "-n", SPACE, "-o", "json"))["items"]
    assert all(each["spec"]["imagePullSecrets"] == [{"name": "registry"}] for each in pods)
