"""What the tests of promotion do again and again: type commands, push edits, train and look."""

import os
import re
import shlex
import sys
import tempfile

from tests.helpers.cluster import PUSH, get, run

GITOPS = shlex.split(os.environ.get("E2E_GITOPS", ""))
REMOTE = os.environ.get("E2E_REMOTE", "http://127.0.0.1:8418/score-app.git")
FLUX = os.environ.get("E2E_FLUX", "")
PREFIX = "ship"
"""Of its namespaces, as other tests run beside this one."""
RECORD = []
BASE, DEPLOYMENT = "base/kustomization.yaml", "base/deployment.yaml"
TRAINING = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
data, target = load_iris(return_X_y=True, as_frame=True)
data.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
trees, depth = map(int, sys.argv[2:])
model = RandomForestClassifier(trees, max_depth=depth, random_state=1).fit(data, target)
joblib.dump(model, f"{sys.argv[1]}/iris.joblib")
data.assign(species=target).to_csv(f"{sys.argv[1]}/iris.csv", index=False)
"""


def space(environment):
    return f"{PREFIX}-{environment}"


def gitops(place, *args, code=0):
    done = run(sys.executable, "-m", "gitops", *args, "--root", place, check=False, timeout=600)
    shown = shlex.join(map(str, args)).replace(str(place), ".")
    RECORD.append(f"$ python -m gitops {shown}\n{done.stdout}{done.stderr}")
    assert done.returncode == code, done.stdout + done.stderr
    run(*GITOPS, "sync")
    return done.stdout + done.stderr


def verify(place, urls, environment, *more, timeout=240, code=0):
    return gitops(place, "verify", environment, "--url", urls[environment], "--timeout", str(timeout), *more, code=code)


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


def trained(bundles, trees, depth):
    """Train another iris, as a data scientist does, and leave its bundle among these."""
    with tempfile.TemporaryDirectory() as scratch:
        run(sys.executable, "-c", TRAINING, scratch, trees, depth)
        more = ["--target", "species", "--name", "iris", "--bundles", bundles, "--replace"]
        run(sys.executable, "-m", "model", "add", f"{scratch}/iris.joblib", "--data", f"{scratch}/iris.csv", *more)


def pushed(place, name, repository):
    """Push a bundle as an image of its own, and return its digest."""
    where = ["--bundles", place / "model" / "bundles"]
    output = run(sys.executable, "-m", "model", "push", name, f"{PUSH}/{repository}", *where).stdout
    return re.search(r"--model \S+@(sha256:\w+)", output)[1]
