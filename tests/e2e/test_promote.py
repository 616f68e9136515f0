"""A version goes from dev to prod by git push alone, and one that answers wrongly comes back by itself.

E2E_GITOPS is a command that brings up Argo CD and a Git server (`up`) and makes it look at Git (`sync`); E2E_REMOTE is
that server's address from here, and E2E_INSIDE from there; E2E_FLUX is a folder with Flux's definitions. What was typed
and answered is left in build/promotion.svg.
"""

import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from tests.helpers.cluster import (
    FORWARD,
    IMAGE,
    INSIDE,
    PULL,
    PUSH,
    ROOT,
    address,
    asking,
    built,
    get,
    kubectl,
    record,
    run,
)
from tests.helpers.waiting import unless, until

GITOPS = shlex.split(os.environ.get("E2E_GITOPS", ""))
REMOTE = os.environ.get("E2E_REMOTE", "http://127.0.0.1:8418/score-app.git")
FLUX = os.environ.get("E2E_FLUX", "")
TOKEN = "a-token-for-the-test"
PREFIX = "ship"
"""Of its namespaces, as other tests run beside this one."""
RECORD = []
PORTS = {"dev": 15081, "staging": 15082, "prod": 15083}
WRONG = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
data, target = load_iris(return_X_y=True, as_frame=True)
data.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
joblib.dump(RandomForestClassifier(5, max_depth=1, random_state=1).fit(data, target), f"{sys.argv[1]}/iris.joblib")
data.assign(species=target).to_csv(f"{sys.argv[1]}/iris.csv", index=False)
"""


def space(environment):
    return f"{PREFIX}-{environment}"


@pytest.fixture(scope="module")
def private(digest):
    """Put a server that asks for a token in front of the cluster's Git server, and give its address there."""
    unless(GITOPS, "no GitOps controller: E2E_GITOPS names what brings one up")
    run(*GITOPS, "up", timeout=400)
    target = urlsplit(INSIDE)
    script = (Path(__file__).parent / "asking_proxy.py").read_text()
    labels = {"app": "private-git"}
    container = {
        "name": "git", "image": f"{PULL}@{digest}", "env": [{"name": "ACCESS", "value": f"git:{TOKEN}"}],
        "command": ["python", "-c", script, target.netloc, "8080"],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }  # fmt: skip
    meta = {"name": "private-git", "namespace": "git", "labels": labels}
    objects = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}},
    ]  # fmt: skip
    kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    kubectl("wait", "pod/private-git", "-n", "git", "--for=condition=Ready", "--timeout=90s")
    yield f"http://private-git.git.svc{target.path}"
    kubectl("delete", "pod,service", "private-git", "-n", "git", "--now")


@pytest.fixture(scope="module")
def place(tree, digest, private):
    """Push the manifests to the cluster's own Git server, and let Argo CD sync them from the private one."""
    clone = tree.parent / "clone"
    shutil.copytree(tree, clone)
    # Thirty rollouts follow, of two or three pods one after the other.
    edit(clone, DEPLOYMENT, {"minReadySeconds: 5": "minReadySeconds: 1"})
    mine = ("--image", f"{PULL}:0.1.0@{digest}", "--repo", private, "--prefix", PREFIX)
    run(sys.executable, "-m", "gitops", "init", *mine, "--root", clone)
    for each in ("promotions", "model"):
        shutil.copytree(ROOT / each, clone / each, ignore=shutil.ignore_patterns("__pycache__"))
    declared = clone / "environments.yaml"
    declared.write_text(re.sub(r"soak: \w+", "soak: 0s", declared.read_text()))
    for ledger in (clone / "promotions").glob("*.jsonl"):
        ledger.unlink()
    for command in (
        ("init", "-q", "-b", "main"), ("config", "user.email", "e2e@example.org"), ("config", "user.name", "e2e"),
        ("add", "-A"), ("commit", "-q", "-m", "initial"), ("remote", "add", "origin", REMOTE),
        ("push", "-q", "origin", "main"),
    ):  # fmt: skip
        run("git", "-C", clone, *command)
    bootstrap = (sys.executable, "-m", "gitops", "bootstrap", "argocd", "--root", clone)
    refused = run(*bootstrap, check=False, timeout=120)
    assert refused.returncode == 1, refused.stdout
    assert re.search(r"error: dev: Argo CD says: .*(authentication|401)", refused.stderr), refused.stderr
    environ = os.environ | {"GIT_TOKEN": TOKEN}
    output = run(*bootstrap, "--token-from", "GIT_TOKEN", timeout=900, env=environ).stdout
    commit = run("git", "-C", clone, "rev-parse", "--short=12", "HEAD").stdout.strip()
    for environment in PORTS:
        assert f"{environment}: Argo CD has applied {commit}" in output
    yield clone
    draw()
    kubectl("delete", "-k", clone / "clusters" / "argocd", "--ignore-not-found", check=False)
    for environment in PORTS:
        kubectl("delete", "namespace", space(environment), "--ignore-not-found", timeout=180)


@pytest.fixture(scope="module")
def urls(place):
    """Open a way to each environment."""
    found = {}
    for environment, port in PORTS.items():
        name = space(environment)
        until(partial(get, "service", "score-app", "-n", name), f"{environment} is there", 180)
        found[environment] = address(name)
        if FORWARD:
            run(*FORWARD, port, found[environment].removeprefix("http://"))
            found[environment] = f"http://127.0.0.1:{port}"
    return found


def draw():
    """Leave what was typed and answered as a picture: build/promotion.svg."""
    console = Console(record=True, width=110, file=io.StringIO())
    first = next(place for place, entry in enumerate(RECORD) if " release " in entry)
    for entry in RECORD[first:]:
        command, _, answer = entry.partition("\n")
        console.print(command, style="bold", highlight=False)
        console.print(answer, highlight=False, markup=False)
    (ROOT / "build").mkdir(exist_ok=True)
    # Without the fonts that would be fetched from elsewhere.
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(ROOT / "build" / "promotion.svg"), title="score-app: dev, staging, prod", code_format=form)


def gitops(place, *args, code=0):
    done = run(sys.executable, "-m", "gitops", *args, "--root", place, check=False, timeout=600)
    shown = shlex.join(map(str, args)).replace(str(place), ".")
    RECORD.append(f"$ python -m gitops {shown}\n{done.stdout}{done.stderr}")
    assert done.returncode == code, done.stdout + done.stderr
    run(*GITOPS, "sync")
    return done.stdout + done.stderr


def verify(place, urls, environment, *more, timeout=240, code=0):
    return gitops(place, "verify", environment, "--url", urls[environment], "--timeout", str(timeout), *more, code=code)


def build_wrong(tag):
    """Build an image whose iris is another model than the one in git."""
    with tempfile.TemporaryDirectory() as scratch:
        for each in ("api", "model", "locks"):
            shutil.copytree(ROOT / each, f"{scratch}/{each}", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Dockerfile", scratch)
        run(sys.executable, "-c", WRONG, scratch)
        more = ["--target", "species", "--name", "iris", "--bundles", f"{scratch}/model/bundles", "--replace"]
        run(sys.executable, "-m", "model", "add", f"{scratch}/iris.joblib", "--data", f"{scratch}/iris.csv", *more)
        name, builder = f"{PUSH}/{IMAGE}:{tag}", os.environ.get("BUILDER", "docker")
        run(builder, "build", "--target", "serve", "--tag", name, scratch, timeout=600)
        pushed = run(builder, "push", name, timeout=300)
    return f"{tag}@{re.findall(r'sha256:[0-9a-f]{64}', pushed.stdout)[-1]}"


@pytest.fixture(scope="module")
def load(place, urls):
    """Ask prod all the time."""
    until(lambda: get("deployment", "score-app", "-n", space("prod"))["status"]["availableReplicas"] >= 3, "prod", 240)
    with asking(address(space("prod")), rate=100, callers=4) as callers:
        yield callers


def test_git_push_moves_a_version_to_prod(place, urls, load):
    verify(place, urls, "dev")
    for environment in ("staging", "prod"):
        # No command has given them a release yet, so there is nothing to record.
        verify(place, urls, environment, "--no-record")
    version = f"0.2.0@{built(IMAGE, 'REVISION=another', tag='0.2.0')}"
    gitops(place, "release", version)
    for source, target in (("dev", "staging"), ("staging", "prod")):
        refused = gitops(place, "promote", source, target, code=2)
        assert f"{source} has not verified 0.2.0" in refused
        output = verify(place, urls, source)
        assert "golden rows are predicted correctly: ok" in output
        assert f"the cluster has what rendered/{source} says: ok" in output
        assert "Argo CD is in sync: ok" in output
        gitops(place, "promote", source, target)
    verify(place, urls, "prod")
    rows = json.loads(run(sys.executable, "-m", "gitops", "status", "--json", "--root", place).stdout)
    assert [(row["tag"], bool(row["verified"])) for row in rows] == [("0.2.0", True)] * 3


def test_a_wrong_model_is_caught_and_comes_back_by_itself(place, urls, load):
    version = build_wrong("0.3.0")
    gitops(place, "release", version)
    output = verify(place, urls, "dev", "--auto-rollback", timeout=90, code=1)
    assert re.search(r"golden rows are predicted correctly: failed: iris is served as \w+, not \w+", output)
    assert "rollback(score-app): dev 0.2.0" in output
    verify(place, urls, "dev")
    refused = gitops(place, "release", version, code=2)
    assert "rolled back in dev" in refused


BASE, DEPLOYMENT = "base/kustomization.yaml", "base/deployment.yaml"
BAD_EDITS = {
    "a limit below the request": (DEPLOYMENT, {"memory: 256Mi": "memory: 8Mi"}, "Argo CD says: .*memory limit"),
    "too little memory": (
        DEPLOYMENT, {"memory: 256Mi": "memory: 24Mi", "memory: 128Mi": "memory: 24Mi"},
        "more memory than its limit of 24Mi",
    ),
    "a probe": (DEPLOYMENT, {"path: /readyz": "path: /nothing"}, "does not become ready: .*statuscode: 404"),
    "a setting": (
        BASE, {"MAX_BODY_SIZE=3m": "MAX_BODY_SIZE=3"}, "golden rows are predicted correctly: failed: .*413"
    ),
}  # fmt: skip


def push(place, message):
    """Generate, commit and push, as after any edit."""
    run(sys.executable, "-m", "gitops", "generate", "--root", place)
    run("git", "-C", place, "add", "-A")
    run("git", "-C", place, "commit", "-q", "-m", message)
    run("git", "-C", place, "push", "-q", "origin", "main")
    run(*GITOPS, "sync")


def edit(place, name, changes):
    page = place / name
    text = page.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    page.write_text(text)


def pods(environment):
    """Return the pods of an environment, and how often their containers were started again."""
    found = get("pods", "-n", space(environment), "-l", "app=score-app")["items"]
    stay = [each for each in found if "deletionTimestamp" not in each["metadata"]]
    return {each["metadata"]["name"]: each["status"]["containerStatuses"][0]["restartCount"] for each in stay}


def test_a_bad_edit_of_base_breaks_dev_alone_and_verify_says_why(place, urls, load):
    before = {name: pods(name) for name in ("staging", "prod")}
    for name, (page, changes, reason) in BAD_EDITS.items():
        start, good = monotonic(), (place / page).read_text()
        edit(place, page, changes)
        push(place, f"edit {name}")
        output = verify(place, urls, "dev", code=1)
        print(f"{name}: dev broken and known after {monotonic() - start:.0f} s")
        assert re.search(reason, output), output
        assert "release --manifests" in gitops(place, "status")
        (place / page).write_text(good)
    push(place, "revert")
    verify(place, urls, "dev")
    assert {name: pods(name) for name in before} == before


def test_a_good_edit_of_base_walks_to_prod_and_back(place, urls, load):
    edit(place, BASE, {"MAX_BODY_SIZE=3m": "MAX_BODY_SIZE=2m"})
    push(place, "smaller bodies")
    gitops(place, "release", "--manifests")
    start = monotonic()
    for source, target in (("dev", "staging"), ("staging", "prod")):
        verify(place, urls, source)
        assert f"{target}: pending: base and components" in gitops(place, "status")
        assert "MAX_BODY_SIZE: '3m' -> '2m'" in gitops(place, "promote", source, target)
    verify(place, urls, "prod")
    print(f"base from dev to prod: {monotonic() - start:.0f} s")
    assert "pending" not in gitops(place, "status")
    output = gitops(place, "rollback", "prod", "--reason", "bodies of 3 MB are refused")
    assert "MAX_BODY_SIZE: '2m' -> '3m'" in output
    verify(place, urls, "prod")
    refused = gitops(place, "promote", "staging", "prod", code=2)
    assert "rolled back in prod (bodies of 3 MB are refused)" in refused


def test_a_setting_of_staging_takes_effect_by_a_render_and_nowhere_else(place, urls, load):
    before = pods("prod")
    edit(place, "overlays/staging/kustomization.yaml", {"LOG_LEVEL=info": "LOG_LEVEL=warning"})
    push(place, "be quiet in staging")
    verify(place, urls, "staging")
    assert pods("prod") == before


RETRAIN = WRONG.replace("5, max_depth=1", "30, max_depth=4")


def retrained(place):
    """Train iris again, as a data scientist does, and leave its bundle in the repository."""
    with tempfile.TemporaryDirectory() as scratch:
        run(sys.executable, "-c", RETRAIN, scratch)
        more = ["--target", "species", "--name", "iris", "--bundles", place / "model" / "bundles", "--replace"]
        run(sys.executable, "-m", "model", "add", f"{scratch}/iris.joblib", "--data", f"{scratch}/iris.csv", *more)


def pushed(place, name, repository):
    """Push a bundle as an image of its own, and return its digest."""
    where = ["--bundles", place / "model" / "bundles"]
    output = run(sys.executable, "-m", "model", "push", name, f"{PUSH}/{repository}", *where).stdout
    return re.search(r"--model \S+@(sha256:\w+)", output)[1]


def test_a_retrained_model_walks_to_prod_without_an_image_build(place, urls, load):
    start = monotonic()
    retrained(place)
    push(place, "train iris again")
    digest = pushed(place, "iris", f"{IMAGE}-iris")
    gitops(place, "release", "--model", f"iris@{digest}", "--force-held", "bodies of 3 MB are not needed")
    verify(place, urls, "dev")
    print(f"from model add to dev's verified answer: {monotonic() - start:.0f} s")
    for source, target in (("dev", "staging"), ("staging", "prod")):
        # What was rolled back before goes along, on purpose.
        gitops(place, "promote", source, target, "--force-held", "bodies of 3 MB are not needed")
        verify(place, urls, target)
    rows = json.loads(run(sys.executable, "-m", "gitops", "status", "--json", "--root", place).stdout)
    assert [list(row["mounted"]) for row in rows] == [["iris"]] * 3
    assert all(row["verified"] for row in rows)
    output = gitops(place, "rollback", "prod", "--reason", "the old one was better")
    assert "- spec.template.spec.volumes[model-iris]" in output
    verify(place, urls, "prod")


def test_an_image_that_is_another_model_than_released_never_becomes_ready(place, urls, load):
    wrong = pushed(place, "wine", f"{IMAGE}-iris")
    page = place / "overlays" / "dev" / "models.yaml"
    right = page.read_text()
    page.write_text(re.sub(r"sha256:\w+", wrong, right))
    push(place, "a lie")
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: .*wine", output), output
    page.write_text(re.sub(r"sha256:\w+", f"sha256:{'7' * 64}", right))
    push(place, "nothing")
    output = verify(place, urls, "dev", code=1)
    assert "7777" in output, output
    page.write_text(right)
    push(place, "the truth")
    verify(place, urls, "dev")


def sign(place, key):
    where = ["--bundles", place / "model" / "bundles"]
    run(sys.executable, "-m", "model", "sign", "iris", "--key", key, *where)


def test_only_a_model_that_is_signed_with_a_known_key_becomes_ready(place, urls, load, tmp_path):
    right, other = tmp_path / "right.pem", tmp_path / "other.pem"
    for key in (right, other):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    public = run("openssl", "pkey", "-in", right, "-pubout").stdout
    (place / "components" / "signed-models" / "keys.pem").write_text(public)
    # By hand, as the command would refuse what the pod is to refuse.
    edit(
        place, "overlays/dev/kustomization.yaml", {"components:\n": "components:\n  - ../../components/signed-models\n"}
    )
    push(place, "take signed models only")
    start = monotonic()
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: is not signed", output), output
    print(f"an unsigned model is named after {monotonic() - start:.0f} s")
    sign(place, other)
    wrong = pushed(place, "iris", f"{IMAGE}-iris")
    page = place / "overlays" / "dev" / "models.yaml"
    page.write_text(re.sub(r"sha256:\w+", wrong, page.read_text()))
    push(place, "sign with a key that nobody knows")
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: is signed with a key that is not trusted", output), output
    sign(place, right)
    push(place, "sign with the right key")
    gitops(place, "release", "--model", f"iris@{pushed(place, 'iris', f'{IMAGE}-iris')}")
    verify(place, urls, "dev")


def test_flux_is_asked_what_it_has_applied(place, urls):
    """Flux's own objects and definitions; its controllers are not here, so this test writes their status."""
    unless(FLUX, "no definitions of Flux: E2E_FLUX names their folder")
    kubectl("create", "namespace", "flux-system")
    kubectl("apply", "--server-side", "-f", FLUX)
    until(lambda: run("kubectl", "apply", "-k", place / "clusters" / "flux", timeout=30), "Flux's kinds are known")
    try:
        output = verify(place, urls, "staging", "--no-record", timeout=3, code=1)
        assert "Flux is in sync: failed: score-app-staging has not observed its newest generation" in output
        generation = get("kustomizations.kustomize.toolkit.fluxcd.io", "score-app-staging", "-n", "flux-system")[
            "metadata"
        ]["generation"]
        commit = run("git", "-C", place, "rev-parse", "HEAD").stdout.strip()
        ready = {
            "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied",
            "lastTransitionTime": "2026-11-21T12:00:00Z",
        }  # fmt: skip
        status = {
            "lastAppliedRevision": f"main@sha1:{commit}", "observedGeneration": generation, "conditions": [ready]
        }  # fmt: skip
        kubectl(
            "patch", "kustomizations.kustomize.toolkit.fluxcd.io", "score-app-staging", "-n", "flux-system",
            "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}),
        )  # fmt: skip
        output = verify(place, urls, "staging", "--no-record")
        assert "Flux is in sync: ok" in output
    finally:
        kubectl("delete", "-k", place / "clusters" / "flux", "--ignore-not-found")
        kubectl("delete", "-f", FLUX, "--ignore-not-found")
        kubectl("delete", "namespace", "flux-system")


def test_a_hand_edited_cluster_is_put_right(place, urls):
    kubectl("set", "image", "deployment/score-app", "-n", space("staging"), f"score-app={PUSH}/{IMAGE}:0.1.0")
    wanted = get("deployment", "score-app", "-n", space("prod"))["spec"]["template"]["spec"]["containers"][0]["image"]

    def mended():
        return get("deployment", "score-app", "-n", space("staging"))["spec"]["template"]["spec"]["containers"][0][
            "image"
        ]

    until(lambda: mended() == wanted, "Argo CD puts the image back", 120)


def test_prod_answered_all_the_time(load):
    outcome = load.stop()
    record("promoted by git push, twice", 1, outcome)
    assert (outcome["lost"], outcome["why"]) == (0, [])
