"""init, env and component change everything that follows from a declaration, or nothing."""

import os
import pty
import re
import subprocess
import sys

import pytest
import yaml

from gitops.environments import load
from gitops.release import UNRELEASED, current_image, image_name
from tests.gitops.fake_cluster import EmptyCluster, serving
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW
from tests.helpers.sample import SAMPLE, sample

IMAGE, URL = "registry.example:5000/team/churn", "https://git.example/team/churn.git"
INIT = ("init", "--image", IMAGE, "--repo", URL)


@pytest.fixture
def whole(repository):
    """Return a repository with every file that follows from a declaration, none of them stale."""
    sample(repository.place, "clusters", "README.md", ".github")
    (repository.place / ".github" / "CODEOWNERS").write_text("* @score-app/maintainers @score-app/operations\n")
    repository.commit("generated")
    return repository


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


def left(repository, name):
    """Return the files that still have a name, but for the one that says that it is an earlier one."""
    lines = repository.git("grep", "-I", "-n", "-F", "-e", name).splitlines()
    return [line for line in lines if not line.startswith("environments.yaml") or "former_names:" not in line]


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


@pytest.mark.slow
@pytest.mark.parametrize("place", range(3))
def test_an_environment_comes_anywhere_and_goes_without_a_trace(place, whole):
    names = load(whole.place).names
    whole.change("env", "add", "qa", "--after", names[place])
    assert whole.run("check").exit_code == 0
    assert load(whole.place).names == [*names[: place + 1], "qa", *names[place + 1 :]]
    whole.change("env", "rename", "qa", "lab")
    assert whole.run("check").exit_code == 0
    assert load(whole.place).get("lab").namespace == "mlops-lab"
    done = whole.change("env", "remove", "lab")
    assert "kubectl delete namespace mlops-lab" in done.output
    assert whole.git("status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", load(SAMPLE).names)
def test_any_environment_may_go_or_have_another_name(name, whole):
    kept = [each for each in load(whole.place).names if each != name]
    # What is at the top of the tree is applied by `kubectl apply -k .`.
    (whole.place / "kustomization.yaml").write_text(f"resources:\n  - overlays/{name}\n")
    whole.commit("the top")
    whole.change("env", "rename", name, "lab")
    assert whole.run("check").exit_code == 0
    assert yaml.safe_load((whole.place / "kustomization.yaml").read_text())["resources"] == ["overlays/lab"]
    whole.change("env", "remove", "lab")
    assert whole.run("check").exit_code == 0
    assert load(whole.place).names == kept
    assert yaml.safe_load((whole.place / "kustomization.yaml").read_text())["resources"] == [f"overlays/{kept[0]}"]


def test_a_namespace_that_stays_is_not_to_be_deleted(whole):
    whole.change("env", "add", "qa", "--after", "dev", "--namespace", "people")
    done = whole.change("env", "rename", "qa", "lab")
    assert load(whole.place).get("lab").namespace == "people"
    assert "delete application score-app-qa" in done.output
    assert "delete namespace" not in done.output


def test_a_new_name_may_contain_the_old_one(whole):
    whole.change(*INIT)
    whole.change("init", "--image", f"{IMAGE}/v2", "--repo", URL)
    assert whole.run("check").exit_code == 0


def test_the_ledger_goes_with_its_environment(whole):
    whole.change("release", NEW)
    before = (whole.place / "promotions" / "dev.jsonl").read_bytes()
    whole.change("env", "rename", "dev", "lab")
    assert (whole.place / "promotions" / "lab.jsonl").read_bytes() == before
    assert not (whole.place / "promotions" / "dev.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("env", "add", "q_a", "--after", "dev"), "'q_a' is no name"),
        (("env", "add", "on", "--after", "dev"), "YAML reads it as another value"),
        (("env", "add", "dev", "--after", "dev"), "there is an environment 'dev' already"),
        (("env", "add", "qa", "--after", "no"), "there is no environment 'no'"),
        (("env", "add", "qa", "--after", "dev", "--like", "no"), "there is no environment 'no'"),
        (("env", "add", "qa", "--after", "dev", "--namespace", "mlops-dev"), "the namespace mlops-dev is used twice"),
        (("env", "rename", "dev", "prod"), "there is an environment 'prod' already"),
        (("env", "remove", "no"), "there is no environment 'no'"),
        (("component", "add", "no", "dev"), "there is no component 'no'; there are "),
        (("component", "add", "drain", "dev"), "dev has the component drain already"),
        (("component", "add", "load-test", "dev"), "it would break a rule: dev: "),
        (("component", "remove", "quota", "dev"), "dev has no component quota; it has drain"),
    ],
)
def test_what_cannot_be_changes_nothing(command, message, whole):
    done = whole.run(*command)
    assert (done.exit_code, message in done.output) == (2, True), done.output
    assert whole.git("status", "--porcelain") == ""


def test_the_last_environment_stays(whole):
    for name in load(whole.place).names[1:]:
        whole.change("env", "remove", name)
    done = whole.run("env", "remove", load(whole.place).names[0])
    assert (done.exit_code, "is the only environment" in done.output) == (2, True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("environment", load(SAMPLE).names)
def test_a_component_comes_and_goes_and_the_page_is_as_it_was(environment, whole):
    has = yaml.safe_load(whole.overlay(environment).read_text())["components"]
    names = load(whole.place).names
    # Each component in one of the environments.
    for path in sorted((whole.place / "components").iterdir())[names.index(environment) :: len(names)]:
        ways = ("remove", "add") if f"../../components/{path.name}" in has else ("add", "remove")
        first = whole.run("component", ways[0], path.name, environment)
        if first.exit_code == 2:
            # What needs more than a line of its page is refused with the reason.
            assert "it would break a rule" in first.output
            continue
        assert whole.run("check").exit_code == 0, path.name
        if ways[0] == "add":
            assert f"{path.name}: Needs " in first.output
        whole.change("component", ways[1], path.name, environment)
        if path.name != "autoscaling":
            assert whole.git("status", "--porcelain") == "", path.name
        whole.git("checkout", "-q", ".")


def test_a_component_s_own_kinds_are_named(whole):
    assert "HTTPRoute (gateway.networking.k8s.io/v1)" in whole.run("component", "add", "gateway", "dev").output


def test_a_file_that_a_pod_reads_does_not_hinder_the_commands(whole):
    whole.change("component", "add", "api-key", "dev")
    assert whole.run("status").exit_code == 0


@pytest.fixture
def empty_cluster(tmp_path, monkeypatch):
    with serving(EmptyCluster()) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield


def test_a_cluster_without_a_kind_is_refused_before_anything_is_applied(whole, empty_cluster):
    done = whole.run("deploy", "prod", "--yes")
    assert done.exit_code == 2
    assert "prod: the cluster does not know PrometheusRule (monitoring.coreos.com/v1), ServiceMonitor" in done.output
    assert "python -m gitops component remove monitoring prod" in done.output
    assert "nothing was applied" in done.output
    checked = whole.run("check", "--cluster")
    assert (checked.exit_code, "component remove monitoring staging" in checked.output) == (1, True)
    for name in ("staging", "prod"):
        whole.change("component", "remove", "monitoring", name)
    assert whole.run("check", "--cluster").exit_code == 0


def test_this_repository_names_an_image_or_says_that_it_does_not():
    declared = load(ROOT)
    for name in declared.names:
        assert image_name(ROOT, name, declared.image) == declared.image_repository
        assert ".invalid/" not in declared.image_repository or not current_image(ROOT, name, declared.image).exists
