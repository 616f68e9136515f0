"""Another image goes to prod, and one with a wrong model comes back."""

import json
import os
import re
import shutil
import sys
import tempfile

from tests.e2e.promotion.steps import gitops, trained, verify
from tests.helpers.cluster import IMAGE, PUSH, ROOT, built, run


def build_wrong(tag):
    """Build an image whose iris is another model than the one in git."""
    with tempfile.TemporaryDirectory() as scratch:
        for each in ("api", "model", "locks"):
            shutil.copytree(ROOT / each, f"{scratch}/{each}", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Dockerfile", scratch)
        trained(f"{scratch}/model/bundles", 5, 1)
        name, builder = f"{PUSH}/{IMAGE}:{tag}", os.environ.get("BUILDER", "docker")
        run(builder, "build", "--target", "serve", "--tag", name, scratch, timeout=600)
        pushed = run(builder, "push", name, timeout=300)
    return f"{tag}@{re.findall(r'sha256:[0-9a-f]{64}', pushed.stdout)[-1]}"


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
