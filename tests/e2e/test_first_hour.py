"""From a fresh clone to the first answer with `make up`, what it says when something is wrong, and `make down`.

E2E_LOAD is a command that brings an image archive to the cluster's nodes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from time import monotonic

import pytest

from tests.helpers.cluster import PUSH, ROOT, curl, get, kubectl, run
from tests.helpers.waiting import unless, until

LOAD = os.environ.get("E2E_LOAD", "")
SPACE = "mlops-dev"
PAGE, DEPLOYMENT = "overlays/dev/kustomization.yaml", "base/deployment.yaml"


@pytest.fixture(scope="module")
def clone(cluster, tmp_path_factory):
    """Give a fresh clone, with this checkout's installed packages; remove what it has started."""
    unless(LOAD, "E2E_LOAD is not set")
    place = tmp_path_factory.mktemp("up") / "score-app"
    run("git", "clone", "-q", ROOT, place)
    shutil.copytree(ROOT / ".venv", place / ".venv", symlinks=True)
    # `setup` finds its stamps newer than the clone's files, and installs nothing twice.
    for pattern in (".ready-*", ".project-*"):
        for stamp in (place / ".venv").glob(pattern):
            stamp.touch()
    kubectl("delete", "namespace", SPACE, "--ignore-not-found", timeout=180)
    made.place = place
    yield made
    made("down")


def made(*args, code=0):
    """Run make in the clone, and return what it prints; make's own exit code is 2 whatever the command's is."""
    environment = os.environ | {"PYTHONPATH": str(made.place)}
    done = subprocess.run(
        ["make", "-C", made.place, *args], capture_output=True, text=True, timeout=600, env=environment, check=False
    )
    assert (done.returncode != 0) == (code != 0), done.stdout[-3000:] + done.stderr[-3000:]
    assert not code or f"Error {code}" in done.stderr, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def edit(name, before, after):
    path = made.place / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def restored():
    run("git", "-C", made.place, "checkout", "-q", ".")


def answered(output):
    """Type the curl line that was printed, and compare its answer with the one beside it."""
    url, body, answer = re.search(r"^curl (\S+) -d '(.*)'\n(.*)$", output, re.MULTILINE).groups()
    found = subprocess.run(["curl", "-s", url, "-d", body], capture_output=True, text=True, timeout=30).stdout
    assert json.loads(found) == json.loads(answer), output
    return url


def test_from_a_fresh_clone_to_the_first_answer_and_again_after_an_edit(clone):
    start = monotonic()
    output = clone("up", f"LOAD={LOAD}")
    print(f"make up: {monotonic() - start:.1f} s to the first answer")
    assert "golden rows are predicted correctly" in output
    answered(output)
    assert run("git", "-C", made.place, "status", "--porcelain").stdout == ""
    edit("api/__init__.py", '"""', '"""An edit. ')
    before = get("deployment", "score-app", "-n", SPACE)["spec"]["template"]["spec"]["containers"][0]["image"]
    start = monotonic()
    answered(clone("up", f"LOAD={LOAD}"))
    print(f"make up after an edit: {monotonic() - start:.1f} s")
    assert get("deployment", "score-app", "-n", SPACE)["spec"]["template"]["spec"]["containers"][0]["image"] != before
    restored()


def test_an_image_that_is_pushed_runs_by_its_digest(clone):
    answered(clone("up", f"IMAGE={PUSH}/up/score-app"))
    image = get("deployment", "score-app", "-n", SPACE)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert re.fullmatch(rf"{re.escape(PUSH)}/up/score-app:\S+@sha256:[0-9a-f]{{64}}", image)


BROKEN = {
    "secret": ([(PAGE, "components:\n", "components:\n  - ../../components/api-key\n")],
               "there is no Secret score-app-keys in mlops-dev"),
    "bundle": ([(PAGE, "- LOG_LEVEL=debug", "- LOG_LEVEL=debug\n      - MODEL=wine")],
               "ends with exit code 2: error: there is no bundle 'wine'"),
    "security": ([(DEPLOYMENT, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")],
                 "Pod Security restricted:v1.32 lets no such pod in"),
    "memory": ([(DEPLOYMENT, "memory: 256Mi", "memory: 24Mi"), (DEPLOYMENT, "memory: 128Mi", "memory: 24Mi")],
               "needs more memory than its limit of 24Mi"),
    "probe": ([(DEPLOYMENT, "path: /readyz", "path: /nothing"),
               (DEPLOYMENT, "failureThreshold: 60", "failureThreshold: 5")],
              "does not become ready: Startup probe failed"),
    "room": ([(DEPLOYMENT, "cpu: 250m", "cpu: 1000"), (DEPLOYMENT, 'cpu: "2"', 'cpu: "1000"')],
             "no node takes score-app-"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_reported_at_once(name, clone):
    edits, sentence = BROKEN[name]
    for each in edits:
        edit(*each)
    try:
        output = clone("up", f"LOAD={LOAD}", "MODELS=iris", code=1)
    finally:
        restored()
    assert sentence in output
    assert "not complete within" not in output


def test_a_quota_is_reported_at_once(clone):
    kubectl("create", "quota", "small", "--hard=pods=0", "-n", SPACE)
    edit(DEPLOYMENT, "minReadySeconds: 5", "minReadySeconds: 4")
    edit(PAGE, "LOG_LEVEL=debug", "LOG_LEVEL=info")
    try:
        assert "the quota small leaves no room" in clone("up", f"LOAD={LOAD}", code=1)
    finally:
        restored()
        kubectl("delete", "quota", "small", "-n", SPACE)


def test_an_image_that_nobody_pushed_is_reported_at_once_by_deploy(clone):
    gitops = [made.place / ".venv" / "bin" / "python", "-m", "gitops"]
    image = f"{PUSH}/nobody/score-app:1.0.0@sha256:{'1' * 64}"
    names = ("--image", image, "--repo", "https://git.example/nobody/score-app.git")
    subprocess.run([*gitops, "init", *names], cwd=made.place, check=True, capture_output=True, timeout=60)
    command = [*gitops, "deploy", "dev", "--yes"]
    done = subprocess.run(command, cwd=made.place, capture_output=True, text=True, timeout=120)
    restored()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cannot be pulled: the registry has no such name, tag or digest" in done.stderr


def test_ctrl_c_says_what_is_left(clone):
    edit(DEPLOYMENT, "failureThreshold: 60", "failureThreshold: 6000")
    edit(DEPLOYMENT, "path: /readyz", "path: /nothing")
    command = [made.place / ".venv" / "bin" / "python", "-m", "gitops", "up", "--load", LOAD]
    with subprocess.Popen(
        command, cwd=made.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            until(lambda: re.search(r"score-app-\S+ starts", process.stdout.readline()), "it waits for the pods", 120)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
        finally:
            process.kill()
            restored()
    assert process.returncode == 1
    assert error.startswith("stopped: everything is applied, and the cluster goes on by itself; kubectl -n mlops-dev ")


def test_down_removes_everything_but_what_is_another_s(clone):
    kubectl("label", "namespace", SPACE, "app.kubernetes.io/part-of=shop", "--overwrite")
    assert "is not of this environment" in clone("down", code=2)
    kubectl("label", "namespace", SPACE, "app.kubernetes.io/part-of=score-app", "--overwrite")
    url = answered(clone("up", f"LOAD={LOAD}"))
    assert "removed dev: the namespace mlops-dev and all in it" in clone("down")
    assert run("kubectl", "get", "namespace", SPACE, check=False).returncode
    assert curl(url, check=False).returncode or "127.0.0.1" not in url
    assert "nothing to do" in clone("down")
