"""A whole release is taken back and held, and one in an emergency is let in unverified."""

import pytest

from tests.helpers.repository import NEWER, PROMOTE
from tests.helpers.whole_release import base_edit, released_everywhere, rows, sizes


@pytest.fixture
def everywhere(repository):
    return released_everywhere(repository)


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


def test_what_an_environment_that_is_removed_has_on_hold_is_told(everywhere):
    everywhere.change("release", NEWER)
    everywhere.verified("dev")
    everywhere.change(*PROMOTE)
    everywhere.change("rollback", "staging", "--reason", "wrong\nanswers")
    note = "sha256:222222222222 was rolled back there (wrong\\nanswers), and is not on hold any more\n"
    assert note in everywhere.change("env", "remove", "staging").output
