"""What tests with a real cluster begin with; without one they are skipped."""

import shutil
import sys
from time import monotonic

import pytest

from tests.helpers.cluster import IMAGE, INSIDE, PULL, ROOT, address, ask, built, get, is_there, kubectl, rolled, run
from tests.helpers.s3 import HERE, require_keys
from tests.helpers.waiting import unless, until


@pytest.fixture(scope="session")
def cluster():
    """Require a cluster."""
    unless(is_there(), "no cluster: point KUBECONFIG to one")


@pytest.fixture(scope="module")
def s3_keys(cluster):
    """Return the keys of the S3 server, which this process uses too."""
    found = require_keys()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (found | {"AWS_ENDPOINT_URL": HERE}).items():
            patch.setenv(name, value)
        yield found


@pytest.fixture(scope="session")
def digest(cluster):
    return built(IMAGE)


@pytest.fixture(scope="session")
def tree(digest, tmp_path_factory):
    """Give a copy of the manifests, made one's own with the image just built."""
    kinds = ROOT / "build" / "tools" / "operator"
    unless(kinds.is_dir(), "the Prometheus operator's kinds are not here: make tools")
    kubectl("apply", "--server-side", "-f", kinds)
    copy = tmp_path_factory.mktemp("tree")
    for each in ("base", "components", "overlays"):
        shutil.copytree(ROOT / each, copy / each)
    for each in ("kustomization.yaml", "environments.yaml"):
        shutil.copy(ROOT / each, copy)
    image = f"{PULL}:0.1.0@{digest}"
    run(sys.executable, "-m", "gitops", "init", "--image", image, "--repo", INSIDE, "--root", copy)
    if int(get("nodes")["items"][0]["status"]["allocatable"]["cpu"].removesuffix("m")) < 8:
        # Ten pods and two more environments must fit on one small node.
        base = copy / "base" / "deployment.yaml"
        base.write_text(base.read_text().replace("cpu: 250m", "cpu: 50m"))
    return copy


@pytest.fixture(scope="module")
def dev(tree):
    """Apply the root as the README says, and give dev's address."""
    start = monotonic()
    kubectl("apply", "-k", tree)
    url = address("mlops-dev")
    until(lambda: ask(f"{url}/score", {"X": [5.1, 3.5, 1.4, 0.2]}), "a first answer")
    print(f"first answer {monotonic() - start:.1f} s after kubectl apply -k .")
    rolled("mlops-dev")
    yield url
    kubectl("delete", "-k", tree, timeout=180)
    until(lambda: run("kubectl", "get", "namespace", "mlops-dev", check=False).returncode, "mlops-dev is gone")
