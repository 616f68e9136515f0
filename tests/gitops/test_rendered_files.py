"""What is rendered for an environment: its own overlay, with base and components of its release."""

import subprocess

import pytest
import yaml

from tests.helpers.repository import NEWER, PROMOTE
from tests.helpers.whole_release import base_edit, component, edit, released_everywhere, rows


@pytest.fixture
def everywhere(repository):
    return released_everywhere(repository)


def test_an_own_edit_takes_effect_by_a_render(everywhere):
    edit(everywhere, "overlays/staging/kustomization.yaml", "LOG_LEVEL=info", "LOG_LEVEL=debug", generate=False)
    checked = everywhere.run("check")
    assert checked.exit_code == 1
    assert "rendered/staging/configmap-score-app.yaml is stale: python -m gitops render staging\n" in checked.output
    assert "staging: its overlay was edited: python -m gitops render staging\n" in everywhere.run("status").output
    everywhere.change("render", "staging")
    changed = everywhere.git("status", "--porcelain").splitlines()
    assert {each.strip().split()[-1].split("/")[1] for each in changed} == {"staging"}
    everywhere.commit("render")
    assert "rendered/" not in everywhere.run("check").output


def test_a_render_that_was_edited_by_hand_fails_the_check(everywhere):
    page = everywhere.place / "rendered" / "prod" / "deployment-score-app.yaml"
    page.write_text(page.read_text().replace("minReadySeconds: 5", "minReadySeconds: 6"))
    (everywhere.place / "rendered" / "prod" / "job-own.yaml").write_text("kind: Job\n")
    done = everywhere.run("check")
    for name in ("deployment-score-app.yaml", "job-own.yaml"):
        assert f"rendered/prod/{name} is stale: python -m gitops render prod\n" in done.output
    everywhere.change("render", "prod")
    assert everywhere.git("status", "--porcelain") == ""


def test_what_is_shipped_is_what_kubectl_applies(everywhere):
    base_edit(everywhere)
    done = subprocess.run(
        ["kubectl", "kustomize", str(everywhere.place / "rendered" / "prod")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    limits = [each["data"] for each in yaml.safe_load_all(done.stdout) if each["kind"] == "ConfigMap"]
    assert "3m" in [each.get("MAX_BODY_SIZE") for each in limits]


def test_a_shallow_clone_says_what_it_lacks(everywhere):
    base_edit(everywhere)
    everywhere.change("release", "--manifests")
    place = everywhere.place.parent / "shallow"
    url = f"file://{everywhere.place.parent / 'remote.git'}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", url, str(place)], check=True)
    shallow = type(everywhere)(place)
    for command in (("check",), ("render", "prod"), ("status",), ("diff", "staging", "prod")):
        done = shallow.run(*command)
        assert done.exit_code == 2, done.output
        assert "because it is a shallow one: git fetch --unshallow" in done.output
    assert shallow.git("status", "--porcelain") == ""
    shallow.git("fetch", "-q", "--unshallow")
    assert "rendered/" not in shallow.run("check").output


def test_a_commit_that_nobody_has_any_more_is_named(everywhere):
    gone = "0123456789" * 4
    ledger = everywhere.place / "promotions" / "prod.jsonl"
    ledger.write_text(ledger.read_text().replace(rows(everywhere)["prod"]["manifests"], gone))
    everywhere.commit("a ledger of another history")
    done = everywhere.run("render", "prod")
    assert done.exit_code == 2
    assert f"prod: this clone lacks base and components of the commit {gone[:12]}: git fetch" in done.output
    everywhere.change("release", NEWER)
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    everywhere.verified("staging", minutes=31)
    everywhere.change("promote", "staging", "prod")
    assert "rendered/" not in everywhere.run("check").output


def test_an_environment_that_is_not_there_is_not_rendered(repository):
    done = repository.run("render", "nope")
    assert (done.exit_code, "there is no environment 'nope'; there are dev, staging, prod" in done.output) == (2, True)


def test_an_overlay_that_lists_a_component_its_release_did_not_have(everywhere):
    component(everywhere, "staging")
    done = everywhere.run("render", "staging")
    assert done.exit_code == 2
    assert "staging has the component own, which its release, with components of the commit " in done.output
    assert done.output.endswith("promote one that has it first, or python -m gitops component remove own staging\n")
