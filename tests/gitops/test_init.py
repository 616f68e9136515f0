"""`init` writes the owner's names everywhere, or refuses in a sentence and changes nothing."""

import os
import pty
import re
import subprocess
import sys

import pytest
import yaml

from gitops.environments import load
from gitops.release import UNRELEASED, current_image, image_name
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW
from tests.helpers.sample import declared

IMAGE, URL = "registry.example:5000/team/churn", "https://git.example/team/churn.git"
INIT = ("init", "--image", IMAGE, "--repo", URL)


@pytest.fixture
def whole(repository):
    return declared(repository)


@pytest.fixture
def unnamed(whole):
    """Return a repository that names no image, as this one does before `init`."""
    for path in (whole.place / "environments.yaml", *whole.place.glob("overlays/*/kustomization.yaml")):
        text = re.sub(r"(?<=digest: )sha256:\w+", UNRELEASED, path.read_text())
        path.write_text(text.replace("ghcr.io/score-app", "image.invalid"))
    whole.change("generate")
    whole.commit("nobody's")
    return whole


def images(repository):
    pages = [yaml.safe_load(page.read_text()) for page in repository.place.glob("overlays/*/kustomization.yaml")]
    return {(each["newName"], each["digest"]) for page in pages for each in page["images"]}


@pytest.mark.parametrize("command", [("check",), ("release", NEW), ("deploy", "dev"), ("deploy", "prod")])
def test_before_init_each_command_names_it(command, unnamed):
    done = unnamed.run(*command)
    assert done.exit_code == (1 if command == ("check",) else 2)
    assert "no image is named yet: python -m gitops init --image REGISTRY/NAME --repo URL" in done.output
    assert unnamed.git("status", "--porcelain") == ""


def test_init_writes_every_name_and_then_a_release_is_possible(unnamed):
    done = unnamed.change(*INIT, "--name", "churn", "--prefix", "ml")
    assert "python -m gitops release" in done.output
    assert unnamed.run("check").exit_code == 0
    unnamed.commit("ours")
    for name in ("image.invalid/score-app", "github.com/score-app", "@score-app", "mlops-dev", "score-app-dev"):
        assert subprocess.run(["git", "-C", unnamed.place, "grep", "-q", "-F", f"{name}:"]).returncode
    found = load(unnamed.place)
    assert (found.image_repository, found.repository, found.name, found.prefix) == (IMAGE, URL, "churn", "ml")
    assert [each.namespace for each in found.all] == [f"ml-{name}" for name in found.names]
    assert "environments.yaml: names" not in done.output
    refused = unnamed.run("deploy", found.names[0])
    assert (refused.exit_code, "has no release yet" in refused.output) == (2, True)
    unnamed.change("release", NEW)
    page = unnamed.place / "rendered" / found.names[0] / "deployment-score-app.yaml"
    assert f"{IMAGE}:{NEW}" in page.read_text()


def test_init_keeps_comments_and_changes_lines_in_place(whole):
    before = (whole.place / "environments.yaml").read_text().splitlines()
    whole.change(*INIT)
    after = (whole.place / "environments.yaml").read_text().splitlines()
    changed = [old.split(":")[0] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["image_repository", "repository", "former_names"]


def test_an_image_that_is_pushed_already_is_set_everywhere(whole):
    whole.change("init", "--image", f"{IMAGE}:{NEW}", "--repo", URL)
    assert images(whole) == {(IMAGE, NEW.partition("@")[2])}


def test_another_image_does_not_keep_the_digest_of_the_old_one(whole):
    whole.change(*INIT)
    assert images(whole) == {(IMAGE, UNRELEASED)}
    assert whole.run(*INIT, "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("name", ["ghcr.io/score-app/score-app", "https://github.com/score-app/score-app"])
def test_a_name_of_an_earlier_owner_fails_the_check(name, whole):
    whole.change(*INIT)
    page = whole.place / "README.md"
    page.write_text(page.read_text() + f"\nSee {name}.\n")
    done = whole.run("check")
    assert (done.exit_code, "README.md names " in done.output) == (1, True), done.output


WRONG = {
    "upper case": (("--image", "ghcr.io/Me/App", "--repo", URL), "no registry takes: --image ghcr.io/me/app"),
    "no registry": (("--image", "app", "--repo", URL), "'app' names no registry: use REGISTRY/NAME"),
    "a tag alone": (("--image", f"{IMAGE}:1.0", "--repo", URL), "has a tag, which may move"),
    "a space": (("--image", "ghcr.io/me/my app", "--repo", URL), "is not the name of an image"),
    "an address": (("--image", "https://ghcr.io/me/app", "--repo", URL), "is not the name of an image"),
    "a digest that is none": (("--image", f"{IMAGE}:1.0@sha256:1", "--repo", URL), "is not a digest"),
    "no image": (("--repo", URL), "no image is named: --image REGISTRY/NAME"),
    "a placeholder": (("--image", "image.invalid/a", "--repo", URL), "give your own"),
    "a folder as repository": (("--image", IMAGE, "--repo", "/srv/app.git"), "is not the address of a repository"),
    "a password": (("--image", IMAGE, "--repo", "https://me:secret@git.example/a/b"), "has a password"),
    "a bad prefix": ((*INIT[1:], "--prefix", "ML"), "'ML' is no name"),
    "a bad name": ((*INIT[1:], "--name", "my app"), "'my app' is no name"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_init_refuses_in_a_sentence(wrong, whole):
    args, message = WRONG[wrong]
    done = whole.run("init", *args)
    assert (done.exit_code, done.output.count("\n")) == (2, 1), done.output
    assert message in done.output
    assert "secret" not in done.output
    assert whole.git("status", "--porcelain") == ""


def test_the_repository_is_guessed_from_git(whole):
    whole.git("remote", "set-url", "origin", "git@github.com:Team/churn.git")
    whole.change("init", "--image", IMAGE)
    assert load(whole.place).repository == "https://github.com/Team/churn.git"


def test_without_a_server_in_git_the_repository_must_be_given(whole):
    done = whole.run("init", "--image", IMAGE)
    assert (done.exit_code, "--repo URL" in done.output) == (2, True)


def test_on_a_terminal_it_asks_and_offers_its_guesses(whole):
    whole.git("remote", "set-url", "origin", "git@github.com:Team/churn.git")
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "gitops", "init", "--root", whole.place]
    process = subprocess.Popen(command, cwd=ROOT, stdin=follower, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(follower)
    os.write(leader, b"\n\n")
    assert process.wait(60) == 0
    os.close(leader)
    found = load(whole.place)
    assert (found.repository, found.image_repository) == ("https://github.com/Team/churn.git", "ghcr.io/team/churn")


def test_a_new_name_may_contain_the_old_one(whole):
    whole.change(*INIT)
    whole.change("init", "--image", f"{IMAGE}/v2", "--repo", URL)
    assert whole.run("check").exit_code == 0


def test_this_repository_names_an_image_or_says_that_it_does_not():
    declared = load(ROOT)
    for name in declared.names:
        assert image_name(ROOT, name, declared.image) == declared.image_repository
        assert ".invalid/" not in declared.image_repository or not current_image(ROOT, name, declared.image).exists
