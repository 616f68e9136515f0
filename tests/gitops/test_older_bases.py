"""A rule that base of a later environment breaks, and base of HEAD does not, is no fault of whoever runs `check`."""

import json
import re

import pytest

from tests.gitops.test_whole_release import edit
from tests.helpers.repository import NEW, NEWER, promoted
from tests.helpers.sample import sample

DEPLOYMENT = "base/deployment.yaml"
WHAT = "base/deployment.yaml: Deployment score-app: resources.requests.memory is 128Mi, above limits.memory, 64Mi: "


@pytest.fixture
def whole(repository):
    """Return a repository with everything that `check` reads."""
    sample(repository.place, "clusters", "README.md", ".github")
    repository.commit("the rest")
    return repository


def limited(repository, memory, was):
    edit(repository, DEPLOYMENT, f"memory: {was}\n              ephemeral-storage: 32Mi\n          sec",
         f"memory: {memory}\n              ephemeral-storage: 32Mi\n          sec")  # fmt: skip


@pytest.fixture
def older(whole):
    """Return a repository whose images came with a base that breaks a rule, as if the rule were newer."""
    for environment in ("dev", "staging", "prod"):
        page = whole.overlay(environment)
        page.write_text(re.sub("sha256:.*", NEWER.partition("@")[2], page.read_text()))
    limited(whole, "64Mi", was="256Mi")
    return whole


def checked(repository):
    report = json.loads(repository.run("check", "--json").output)
    return [[line.partition(": ")[0] for line in report[each]] for each in ("problems", "warnings")]


def test_it_is_an_error_as_long_as_head_breaks_it(older):
    assert checked(older) == [["dev", "staging", "prod"], []]


def test_it_is_a_warning_once_base_is_mended(older):
    limited(older, "256Mi", was="64Mi")
    done = older.run("check")
    assert done.exit_code == 0, done.output
    assert f"warning: prod: {WHAT}" in done.output
    assert "(a promotion of the newest base and components mends it)\n" in done.output
    assert "dev, staging, prod: no rule is broken, no file is stale\n" in done.output
    assert checked(older) == [[], ["staging", "prod"]]


def test_an_own_edit_beside_it_changes_nothing(older):
    limited(older, "256Mi", was="64Mi")
    edit(older, "overlays/prod/kustomization.yaml", "LOG_LEVEL=warning", "LOG_LEVEL=info")
    assert checked(older) == [[], ["staging", "prod"]]


def test_a_promotion_mends_it(older):
    limited(older, "256Mi", was="64Mi")
    older.change("release", "--manifests")
    older.verified("dev")
    older.change("promote", "dev", "staging")
    assert checked(older) == [[], ["prod"]]


@pytest.mark.parametrize("recorded", [True, False])
def test_an_edit_of_the_overlay_that_does_not_fit_to_its_base_is_an_error(recorded, whole):
    if recorded:
        promoted(whole)
    limited(whole, "512Mi", was="256Mi")
    page = whole.overlay("staging")
    page.write_text(f"{page.read_text()}patches:\n  - path: memory.yaml\n")
    container = {"name": "score-app", "resources": {"requests": {"memory": "300Mi"}}}
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "score-app"},
             "spec": {"template": {"spec": {"containers": [container]}}}}  # fmt: skip
    (page.parent / "memory.yaml").write_text(json.dumps(patch))
    whole.run("generate")
    whole.commit("edit staging")
    assert checked(whole) == [["staging"], []]
    whole.change("release", NEW if not recorded else NEWER)
    whole.verified("dev")
    whole.change("promote", "dev", "staging")
    assert checked(whole) == [[], []]
