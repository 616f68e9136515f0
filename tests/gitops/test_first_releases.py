"""An environment with an image that no command has released keeps base and components of the commit that wrote it."""

import re
import subprocess

import pytest

from tests.helpers.repository import NEWER, PROMOTE, Repository, git
from tests.helpers.whole_release import BASE, SHIPPED, base_edit, edit, rows, size, sizes

IMAGE = f"ghcr.io/me/churn:{NEWER}"
INIT = ("init", "--image", IMAGE, "--repo", "https://git.example/me/churn.git")


@pytest.fixture
def begun(repository):
    """Return a repository whose environments all begin with an image that was pushed before."""
    repository.change(*INIT)
    repository.commit("Make this tree mine")
    return repository


def test_an_edit_of_base_does_not_reach_an_environment_that_init_gave_an_image(begun):
    base_edit(begun)
    assert sizes(begun) == ["4m", "3m", "3m"]
    assert "rendered/" not in begun.run("check").output
    found = rows(begun)
    assert {each["field"] for each in found["prod"]["pending"]} >= {"data.MAX_BODY_SIZE"}
    assert found["prod"]["manifests"] == found["staging"]["manifests"] != found["dev"]["manifests"]


def test_a_push_of_what_base_would_make_of_it_fails_the_check(begun):
    base_edit(begun)
    page = begun.place / SHIPPED.format("prod")
    page.write_text(page.read_text().replace("3m", "4m"))
    begun.commit("by hand")
    done = begun.run("check")
    assert done.exit_code == 1
    assert "rendered/prod/configmap-score-app.yaml is stale: python -m gitops render prod\n" in done.output


def test_the_first_promotion_brings_it(begun):
    base_edit(begun)
    begun.change("release", "--manifests")
    begun.verified("dev")
    done = begun.change(*PROMOTE)
    assert "MAX_BODY_SIZE: '3m' -> '4m'" in done.output
    assert sizes(begun) == ["4m", "4m", "3m"]


def test_a_promotion_of_the_very_same_is_recorded(begun):
    assert "staging has no release yet" in begun.run("promote", "staging", "prod").output
    begun.change("release", "--manifests")
    begun.verified("dev")
    begun.change(*PROMOTE)
    assert begun.run(*PROMOTE).output == "nothing to do\n"


def test_what_init_has_just_written_is_rendered_as_it_is(repository):
    base_edit(repository)
    repository.change(*INIT)
    assert sizes(repository) == ["4m", "4m", "4m"]
    repository.commit("Make this tree mine")
    assert "rendered/" not in repository.run("check").output


def test_without_an_image_nothing_runs_and_everything_follows(repository):
    repository.change("init", "--image", "ghcr.io/me/churn", "--repo", "https://git.example/me/churn.git")
    repository.commit("Make this tree mine")
    base_edit(repository)
    assert sizes(repository) == ["4m", "4m", "4m"]
    assert rows(repository)["prod"]["manifests"] is None


def test_an_own_edit_leaves_base_as_it_is(begun):
    base_edit(begun)
    page = begun.overlay("prod")
    text = page.read_text()
    images = text[text.index("images:") : text.index("configMapGenerator:")]
    # The image moves down in the file, with a comment above it.
    page.write_text(text.replace(images, "").replace("LOG_LEVEL=warning", "LOG_LEVEL=info") + f"# {NEWER}\n{images}")
    begun.commit("edit prod")
    begun.run("render", "prod")
    text = (begun.place / SHIPPED.format("prod")).read_text()
    assert ("MAX_BODY_SIZE: 3m" in text, "LOG_LEVEL: info" in text) == (True, True)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("env", "rename", "prod", "live"), "live"),
        (("env", "add", "qa", "--after", "staging", "--like", "prod"), "qa"),
    ],
)
def test_an_environment_with_another_name_keeps_it(command, name, begun):
    begun.change("freeze", "prod", "--reason", "end of year")
    base_edit(begun)
    begun.change(*command)
    assert size(begun, name) == "3m"
    begun.commit("another name")
    assert "rendered/" not in begun.run("check").output
    base_edit(begun, "5m", was="4m")
    assert size(begun, name) == "3m"


@pytest.mark.parametrize("decided_in_the_merge", [False, True])
def test_an_image_that_a_branch_has_brought(decided_in_the_merge, repository):
    repository.git("switch", "-q", "-c", "side")
    repository.change(*INIT)
    repository.git("commit", "-q", "-a", "-m", "Make this tree mine")
    repository.git("switch", "-q", "main")
    edit(repository, "overlays/prod/kustomization.yaml", "LOG_LEVEL=warning", "LOG_LEVEL=info", generate=False)
    edit(repository, BASE, "MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m", generate=False)
    repository.git("merge", "-q", "--no-commit", "side")
    if decided_in_the_merge:
        page = repository.overlay("prod")
        page.write_text(page.read_text().replace("sha256:2", "sha256:9"))
    repository.commit("merge")
    repository.run("generate")
    assert sizes(repository) == ["4m", "3m", "4m" if decided_in_the_merge else "3m"]


def test_what_is_no_digest_breaks_a_rule_and_nothing_else(repository):
    page = repository.overlay("prod")
    page.write_text(re.sub("digest: .*", "digest: sha256:(", page.read_text()))
    repository.commit("no digest")
    done = repository.run("check")
    assert (done.exit_code, "prod: " in done.output) == (1, True), done.output


def test_a_shallow_clone_cannot_tell(begun):
    edit(begun, BASE, "MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m")
    place = begun.place.parent / "shallow"
    url = f"file://{begun.place.parent / 'remote.git'}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", url, str(place)], check=True)
    shallow = Repository(place)
    done = shallow.run("render", "prod")
    assert (done.exit_code, "this clone is a shallow one: git fetch --unshallow" in done.output) == (2, True)
    git(place, "fetch", "-q", "--unshallow")
    assert "rendered/" not in shallow.run("check").output
