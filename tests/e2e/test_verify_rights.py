"""`verify` with the token of clusters/verify.yaml alone: it sees enough, and may do nothing else.

In an environment of its own, so that whatever else runs in the cluster is left alone.
"""

import json
import os
import re
import shutil
import sys

import pytest
import yaml

from tests.helpers.cluster import FORWARD, ROOT, address, kubectl, rolled, run, small
from tests.helpers.waiting import until

NAME, SPACE, PORT = "rights", "mlops-rights", 15084
ACCOUNT = ("-n", "mlops-verify")
FORBIDDEN = [
    ("get", "secrets"), ("list", "secrets"), ("list", "configmaps"), ("create", "pods"), ("delete", "pods"),
    ("create", "pods/exec"), ("create", "pods/portforward"), ("patch", "deployments"), ("update", "deployments/scale"),
    ("list", "deployments"), ("create", "events"), ("create", "serviceaccounts/token"), ("create", "rolebindings"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tree, tmp_path_factory):
    """Give a repository with one small environment, which runs in the cluster."""
    place = tmp_path_factory.mktemp("rights") / "repository"
    overlay = small(tree, place, NAME)
    shutil.copytree(ROOT / "model", place / "model", ignore=shutil.ignore_patterns("__pycache__"))
    declared = yaml.safe_load((place / "environments.yaml").read_text())
    declared["environments"] = [{"name": NAME, "namespace": SPACE}]
    (place / "environments.yaml").write_text(yaml.safe_dump(declared))
    run(sys.executable, "-m", "gitops", "generate", "--root", place)
    for command in (
        ("init", "-q", "-b", "main"), ("config", "user.email", "e2e@example.org"), ("config", "user.name", "e2e"),
        ("add", "-A"), ("commit", "-q", "-m", "initial"),
    ):  # fmt: skip
        run("git", "-C", place, *command)
    kubectl("apply", "-k", overlay)
    rolled(SPACE)
    yield place
    kubectl("delete", "namespace", SPACE, timeout=180)


@pytest.fixture(scope="module")
def token(place, tmp_path_factory):
    """Apply the account for this environment, and return a kubeconfig with its token."""
    page = place / "clusters" / "verify.yaml"
    kubectl("apply", "-f", page)
    config = yaml.safe_load(kubectl("config", "view", "--raw", "--minify", "--flatten"))
    config["users"][0]["user"] = {"token": kubectl("create", "token", "verify", *ACCOUNT, "--duration=1h").strip()}
    path = tmp_path_factory.mktemp("token") / "config"
    path.write_text(yaml.safe_dump(config))
    yield path
    kubectl("delete", "-f", page, "--ignore-not-found", timeout=180)


def verify(place, token, url, code):
    """Run the command as one who holds nothing but the token."""
    command = [sys.executable, "-m", "gitops", "verify", NAME, "--no-record", "--url", url, "--timeout", "5"]
    environment = {"KUBECONFIG": str(token), "PATH": os.environ["PATH"], "HOME": str(token.parent)}
    done = run(*command, "--root", place, check=False, timeout=120, env=environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_token_is_enough_to_verify(place, token):
    url = address(SPACE)
    if FORWARD:
        run(*FORWARD, PORT, url.removeprefix("http://"))
        url = f"http://127.0.0.1:{PORT}"
    output = verify(place, token, url, 0)
    assert output.splitlines()[-1] == "golden rows are predicted correctly: ok"
    assert "failed" not in output


def test_the_token_is_enough_for_a_diagnosis(place, token):
    kubectl("set", "image", "deployment/score-app", "-n", SPACE, "score-app=localhost/none:1")

    def pending():
        return len(json.loads(kubectl("get", "pods", "-n", SPACE, "-o", "json"))["items"]) > 1

    until(pending, "a pod that cannot start")
    output = verify(place, token, "http://127.0.0.1:9", 1)
    assert "failed: Deployment/score-app: " in output
    assert "image is 'localhost/none:1'" in output
    assert re.search(r"score-app-\S+: (no log|.*(Failed|BackOff|image))", output), output
    kubectl("rollout", "undo", "deployment/score-app", "-n", SPACE)
    rolled(SPACE)


@pytest.mark.parametrize(("verb", "what"), FORBIDDEN)
def test_the_token_may_do_nothing_else(verb, what, token):
    answer = run("kubectl", "--kubeconfig", token, "auth", "can-i", verb, what, "-n", SPACE, check=False)
    assert answer.stdout.strip() == "no"


def test_the_token_is_good_for_no_other_place(token):
    for space in ("kube-system", "default", "mlops-verify"):
        refused = run("kubectl", "--kubeconfig", token, "get", "pods", "-n", space, check=False)
        assert "Forbidden" in refused.stderr
    refused = run("kubectl", "--kubeconfig", token, "get", "secrets", "-n", SPACE, check=False)
    assert "Forbidden" in refused.stderr


def test_an_account_without_rights_is_a_clear_error(place, token):
    kubectl("delete", "clusterrolebinding", "score-app-verify-controllers")
    output = verify(place, token, "http://127.0.0.1:9", 2)
    assert output.startswith("error: this account has not all rights that are needed: ")
    assert "clusters/verify.yaml" in output
