"""`bootstrap` before anything is applied: what is refused, in one sentence.

The API server is a small imitation: what a controller really does is tested in tests/e2e.
"""

import pytest

from tests.gitops.fake_cluster import EmptyCluster, serving
from tests.helpers.repository import NEW

BOOTSTRAP = ("bootstrap", "argocd")


@pytest.fixture
def api(repository, tmp_path, monkeypatch):
    """Give a cluster without a controller, and a repository with a release."""
    repository.change("release", NEW)
    found = EmptyCluster()
    with serving(found) as config:
        (tmp_path / "config").write_text(config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield found


def refused(repository, *args):
    done = repository.run(*args)
    assert done.exit_code == 2, done.output
    return done.output


@pytest.mark.parametrize(("controller", "name"), [("argocd", "Argo CD"), ("flux", "Flux")])
def test_a_controller_that_is_not_there_is_named_with_the_page_that_installs_it(controller, name, repository, api):
    message = refused(repository, "bootstrap", controller)
    assert f"error: {name} is not in this cluster" in message
    assert "clusters/README.md" in message


def test_a_commit_that_is_not_pushed_would_never_be_applied(repository, api):
    (repository.place / "notes").write_text("a")
    assert "the working tree has changes" in refused(repository, *BOOTSTRAP)
    repository.git("add", "notes")
    repository.git("commit", "-q", "-m", "notes")
    assert "git push origin main" in refused(repository, *BOOTSTRAP)
    repository.git("push", "-q", "origin", "main")
    assert "not in this cluster" in refused(repository, *BOOTSTRAP)
    repository.git("remote", "remove", "origin")
    assert "git remote add origin" in refused(repository, *BOOTSTRAP)


def test_an_environment_without_a_release_is_reported_before_the_controller_sees_it(repository, api):
    repository.overlay("dev").write_text(repository.overlay("dev").read_text().replace("1" * 64, "0" * 64))
    repository.commit("no release")
    assert "has no release yet" in refused(repository, *BOOTSTRAP)


@pytest.mark.parametrize(
    ("address", "given", "message"),
    [
        ("https://git.example/a/b.git", ("--deploy-key", "key", "--known-hosts", "hosts"), "is read over HTTPS"),
        ("git@git.example:a/b.git", ("--token-from", "TOKEN"), "is read over SSH"),
        ("ssh://git@git.example/a/b.git", ("--token-from", "TOKEN"), "is read over SSH"),
        ("git@git.example:a/b.git", ("--deploy-key", "key"), "needs --known-hosts FILE"),
        ("git@git.example:a/b.git", ("--deploy-key", "hosts", "--known-hosts", "hosts"), "not a private key"),
        ("git@git.example:a/b.git", ("--deploy-key", "key", "--known-hosts", "hosts"), "not in this cluster"),
        ("https://git.example/a/b.git", ("--token-from", "TOKEN"), "not in this cluster"),
        ("https://git.example/a/b.git", ("--token-from", "NO_SUCH_TOKEN"), "NO_SUCH_TOKEN is not set"),
    ],
)
def test_what_opens_the_repository_suits_its_address(address, given, message, repository, api, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    (tmp_path / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    (tmp_path / "hosts").write_text("git.example ssh-ed25519 AAAA")
    image = f"registry.example/score-app:{NEW}"
    assert repository.run("init", "--image", image, "--repo", address).exit_code == 0
    repository.commit("mine")
    named = [str(tmp_path / each) if each in ("key", "hosts") else each for each in given]
    assert message in refused(repository, *BOOTSTRAP, *named)
