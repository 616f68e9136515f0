"""A release is image, base and components: a change of these reaches a later environment by a promotion alone."""

import pytest

from gitops.repository import Repository
from tests.helpers.repository import NEW, NEWER, PROMOTE, clone, git
from tests.helpers.sample import sample
from tests.helpers.whole_release import BASE, base_edit, component, edit, released_everywhere, rows, size, sizes


@pytest.fixture
def everywhere(repository):
    return released_everywhere(repository)


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


def test_a_release_whose_commit_was_rebased_goes_no_further_before_it_is_released_again(everywhere):
    other = clone(everywhere)
    page = everywhere.place / BASE
    page.write_text(page.read_text().replace("MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m"))
    everywhere.run("generate")
    everywhere.git("add", "-A")
    everywhere.git("commit", "-q", "-m", "edit base")
    gone = everywhere.git("rev-parse", "--short=12", "HEAD")
    everywhere.change("release", "--manifests", "--no-push")
    git(other, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    git(other, "push", "-q")
    everywhere.git("pull", "-q", "--rebase", "origin", "main")
    everywhere.git("push", "-q", "origin", "main")
    everywhere.verified("dev")
    assert everywhere.run(*PROMOTE).output == (
        f"error: dev: base and components of the commit {gone} are not in the history of HEAD, as after a "
        "rebase or a squash merge, so that other clones lack them: release and promote once more\n"
    )
    everywhere.change("release", "--manifests")
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    assert sizes(everywhere) == ["4m", "4m", "3m"]
    git(other, "pull", "-q")
    assert "rendered/" not in type(everywhere)(other).run("check").output
