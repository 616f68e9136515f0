"""A release is image, base and components: a change of these reaches a later environment by a promotion alone."""

import json
import subprocess

import pytest
import yaml

from gitops.repository import Repository
from tests.helpers.repository import NEW, NEWER, PROMOTE, clone, copied, git, promoted
from tests.helpers.sample import sample

BASE = "base/kustomization.yaml"
SHIPPED = "rendered/{}/configmap-score-app.yaml"


def edit(repository, path, old, new, *, generate=True):
    page = repository.place / path
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new, 1))
    if generate:
        repository.run("generate")
    repository.commit(f"edit {path}")


def base_edit(repository, size="4m", was="3m"):
    edit(repository, BASE, f"MAX_BODY_SIZE={was}", f"MAX_BODY_SIZE={size}")


def size(repository, environment):
    """Return the limit that an environment ships."""
    return yaml.safe_load((repository.place / SHIPPED.format(environment)).read_text())["data"]["MAX_BODY_SIZE"]


def sizes(repository):
    return [size(repository, each) for each in ("dev", "staging", "prod")]


def rows(repository):
    return {each["environment"]: each for each in json.loads(repository.run("status", "--json").output)}


@pytest.fixture(scope="module")
def origins():
    """Keep what each test gets a copy of."""
    return {}


@pytest.fixture
def everywhere(repository, origins, tmp_path, tmp_path_factory):
    """Return a repository whose first release is in every environment, and verified there."""
    if not origins:
        promoted(repository).verified("staging", minutes=31)
        repository.change("promote", "staging", "prod")
        repository.verified("prod")
        origins["everywhere"] = copied(tmp_path, tmp_path_factory.mktemp("everywhere")).place.parent
        return repository
    place = tmp_path / "everywhere"
    return copied(origins["everywhere"], place)


def test_an_edit_of_base_reaches_the_first_environment_alone(everywhere):
    base_edit(everywhere)
    assert sizes(everywhere) == ["4m", "3m", "3m"]
    assert "rendered/" not in everywhere.run("check").output
    output = everywhere.run("status").output
    assert "dev: pending: base and components, 2 objects" in output
    assert "python -m gitops release --manifests\n" in output
    assert "prod: pending: base and components, 2 objects, " in output
    assert "MAX_BODY_SIZE" in everywhere.run("diff", "dev", "staging").output
    assert "MAX_BODY_SIZE" not in everywhere.run("diff", "staging", "prod").output


def test_a_new_environment_has_the_release_of_the_one_that_it_is_like(everywhere):
    everywhere.change("env", "add", "qa", "--after", "staging", "--like", "prod")
    everywhere.commit("add qa")
    base_edit(everywhere)
    assert (size(everywhere, "dev"), size(everywhere, "qa")) == ("4m", "3m")
    found = rows(everywhere)
    assert found["qa"]["manifests"] == found["prod"]["manifests"]
    assert not found["qa"]["verified"]


def test_it_walks_to_the_last_one_by_promotions_as_it_was_verified(everywhere):
    base_edit(everywhere)
    everywhere.change("release", "--manifests")
    assert everywhere.git("log", "-1", "--format=%s").startswith("release(score-app): dev manifests of ")
    everywhere.verified("dev")
    # What comes later does not ride along.
    base_edit(everywhere, "5m", was="4m")
    done = everywhere.change(*PROMOTE)
    assert "MAX_BODY_SIZE: '3m' -> '4m'" in done.output
    assert sizes(everywhere) == ["5m", "4m", "3m"]
    everywhere.verified("staging", minutes=31)
    everywhere.change("promote", "staging", "prod")
    assert sizes(everywhere) == ["5m", "4m", "4m"]
    assert "rendered/" not in everywhere.run("check").output


def test_what_was_taken_back_is_not_pending(everywhere):
    base_edit(everywhere)
    base_edit(everywhere, "3m", was="4m")
    assert "pending" not in everywhere.run("status").output
    assert everywhere.run("release", "--manifests").output == "nothing to do\n"


def test_a_release_of_an_image_takes_base_along(everywhere):
    base_edit(everywhere)
    everywhere.change("release", NEWER)
    everywhere.verified("dev")
    edit(everywhere, "overlays/dev/kustomization.yaml", "count: 2", "count: 3")
    done = everywhere.change(*PROMOTE)
    assert "MAX_BODY_SIZE" in done.output
    assert "1.2.0@" in done.output
    row = rows(everywhere)["staging"]
    assert (row["tag"], row["manifests"]) == ("1.2.0", rows(everywhere)["dev"]["manifests"])


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


def test_a_rollback_brings_back_the_whole_and_holds_what_was_new(everywhere):
    base_edit(everywhere)
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    bad = rows(everywhere)["staging"]["manifests"]
    everywhere.change("rollback", "staging", "--reason", "half of the bodies are refused")
    assert sizes(everywhere) == ["4m", "3m", "3m"]
    row = rows(everywhere)["staging"]
    assert (row["tag"], row["held"]) == ("1.1.0", [bad])
    refused = everywhere.run(*PROMOTE)
    why = "rolled back in staging (half of the bodies are refused)"
    assert f"base and components of {bad[:12]}: {why}; --force-held REASON releases it again" in refused.output
    # The image is innocent: with other manifests it goes on.
    base_edit(everywhere, "2m", was="4m")
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    assert sizes(everywhere) == ["2m", "2m", "3m"]


def test_the_first_environment_has_no_manifests_to_go_back_to_but_by_git(everywhere):
    base_edit(everywhere)
    commit = everywhere.git("rev-parse", "HEAD")
    everywhere.change("release", "--manifests")
    done = everywhere.run("rollback", "dev", "--reason", "x")
    assert done.exit_code == 2
    assert f"git revert {commit[:12]}, if it is at fault, then push" in done.output


def test_an_emergency_is_let_in_unverified_and_seen_until_it_is_verified(everywhere):
    base_edit(everywhere)
    everywhere.change("release", "--manifests")
    everywhere.change(*PROMOTE, "--allow-unverified", "the disk is full")
    everywhere.change("promote", "staging", "prod", "--allow-unverified", "the disk is full")
    assert sizes(everywhere) == ["4m", "4m", "4m"]
    assert "unverified: the disk is full" in everywhere.run("status").output
    everywhere.verified("prod")
    assert rows(everywhere)["prod"]["unverified"] is None


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


def component(repository, environment):
    """Add a component of the repository's own, and list it in an environment."""
    new = repository.place / "components" / "own"
    new.mkdir()
    labels = "labels: [{pairs: {own: x}}]"
    text = f"kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n{labels}\n"
    (new / "kustomization.yaml").write_text(text)
    page = repository.overlay(environment)
    page.write_text(page.read_text().replace("components/drain\n", "components/drain\n  - ../../components/own\n"))
    repository.run("generate")
    repository.commit("a component")


def test_base_and_the_overlay_of_dev_may_change_in_one_commit(everywhere):
    component(everywhere, "dev")
    assert "dev: pending: its overlay does not fit base and components of HEAD" in everywhere.run("status").output
    everywhere.change("release", NEWER)
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)


def test_status_has_a_table_where_a_component_is_gone_that_staging_still_has(everywhere):
    (everywhere.place / "components" / "spread" / "kustomization.yaml").unlink()
    everywhere.commit("no spread any more")
    done = everywhere.run("status")
    assert done.exit_code == 0, done.output
    assert "staging: pending: its overlay does not fit base and components of HEAD: " in done.output


def test_a_promotion_leaves_nothing_that_follows_stale(everywhere):
    sample(everywhere.place, "clusters", "README.md", ".github")
    everywhere.commit("the rest")
    edit(everywhere, "components/autoscaling/autoscaler.yaml", "minReplicas: 3", "minReplicas: 4")
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    everywhere.verified("staging", minutes=31)
    everywhere.change("promote", "staging", "prod")
    assert "4 to 10" in (everywhere.place / "README.md").read_text()
    assert everywhere.run("check").exit_code == 0


def test_what_is_on_hold_stays_so_when_it_is_committed_again(everywhere):
    base_edit(everywhere)
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    everywhere.change("rollback", "staging", "--reason", "half of the bodies are refused")
    base_edit(everywhere, "3m", was="4m")
    everywhere.change("release", "--manifests")
    base_edit(everywhere)
    assert "rolled back in staging (half of" in everywhere.run("release", "--manifests").output


def test_an_image_that_was_set_by_hand_is_no_emergency(everywhere):
    page = everywhere.overlay("dev")
    page.write_text(page.read_text().replace("1" * 64, "7" * 64))
    everywhere.run("generate")
    everywhere.commit("by hand")
    done = everywhere.run(*PROMOTE, "--allow-unverified", "quick")
    assert (done.exit_code, "which no command has set" in done.output) == (2, True), done.output


def test_a_rollback_may_take_a_service_away_again(everywhere):
    page = everywhere.place / "base" / "kustomization.yaml"
    page.write_text(page.read_text().replace("  - service.yaml\n", "  - service.yaml\n  - another.yaml\n"))
    text = (everywhere.place / "base" / "service.yaml").read_text()
    (page.parent / "another.yaml").write_text(text.replace("  name: score-app\n", "  name: another\n", 1))
    everywhere.run("generate")
    everywhere.commit("a second service")
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    everywhere.change("rollback", "staging", "--reason", "x")
    assert not (everywhere.place / "rendered" / "staging" / "service-another.yaml").exists()


def test_a_commit_that_nobody_has_any_more_is_named(everywhere):
    gone = "0123456789" * 4
    ledger = everywhere.place / "promotions" / "prod.jsonl"
    ledger.write_text(ledger.read_text().replace(rows(everywhere)["prod"]["manifests"], gone))
    everywhere.commit("a ledger of another history")
    done = everywhere.run("render", "prod")
    assert done.exit_code == 2
    assert f"prod has base and components of the commit {gone[:12]}, which this clone lacks: git fetch" in done.output
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


def test_a_line_of_a_newer_version_is_refused(repository):
    ledger = repository.place / "promotions" / "dev.jsonl"
    for line, what in (
        ('"action": "sign"', "'sign'"),
        ('"action": "freeze", "reason": "x", "signature": "y"', "signature"),
    ):
        ledger.write_text(f'{{"time": "2026-01-01T00:00:00+00:00", "actor": "a", {line}}}\n')
        done = repository.run("status")
        assert (done.exit_code, f"line 1 has {what}, which only a newer version" in done.output) == (2, True)


def test_whoever_loses_a_race_against_an_edit_of_base_looks_again(everywhere, monkeypatch):
    push, done = Repository.push, []

    def late(self, remote, branch):
        if not done:
            done.append(other := clone(everywhere))
            page = other / BASE
            page.write_text(page.read_text().replace("MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=9m"))
            git(other, "commit", "-q", "-a", "-m", "another's")
            git(other, "push", "-q")
        push(self, remote, branch)

    monkeypatch.setattr(Repository, "push", late)
    refused = everywhere.run("release", NEWER)
    assert refused.exit_code == 2
    assert f"somebody else has changed {BASE} meanwhile" in refused.output
    assert NEW.partition("@")[2] in everywhere.overlay("dev").read_text()
