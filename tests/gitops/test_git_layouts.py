"""Worktrees, submodules, folders and clones: where a release can be made, and where not."""

import shutil

import pytest

from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, SUBJECT, Repository, clone, git, subject


def test_a_linked_worktree_is_a_working_tree(repository):
    repository.git("switch", "-q", "-c", "side")
    place = repository.place.parent / "linked"
    repository.git("worktree", "add", "-q", str(place), "main")
    assert (place / ".git").is_file()
    Repository(place).change("release", NEW)
    Repository(place).change("release", NEW.replace("1.1.0", "1.2.0"), "--pr")
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    done = repository.run("release", NEW)
    assert "this is the branch side; releases are committed to main" in done.output


def test_a_submodule_is_a_repository(repository):
    outer = repository.place.parent / "outer"
    git(repository.place.parent, "init", "-q", str(outer))
    remote = str(repository.place.parent / "remote.git")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", remote, "app")
    inner = Repository(outer / "app")
    assert (inner.place / ".git").is_file()
    for key, value in (("user.name", "Someone"), ("user.email", "someone@example.org")):
        inner.git("config", key, value)
    inner.change("release", NEW)
    assert subject(repository.place.parent / "remote.git") == SUBJECT
    inner.git("checkout", "-q", "--detach")
    assert "no branch is checked out: git switch main" in inner.run("release", NEW).output


@pytest.mark.parametrize("command", [("release", NEW), ("verify", "dev", "--no-record")])
def test_a_folder_of_a_larger_repository_is_refused(command, repository):
    inner = repository.place / "app"
    inner.mkdir()
    for name in ("base", "components", "overlays", "environments.yaml", "promotions"):
        repository.git("mv", name, f"app/{name}")
    repository.commit("one folder of many")
    done = Repository(inner).run(*command)
    assert done.exit_code == 2
    assert "is the folder app/ of a larger repository, but Argo CD and Flux sync rendered/ from the top" in done.output


def test_a_folder_without_git_is_refused(repository):
    shutil.rmtree(repository.place / ".git")
    done = repository.run("release", NEW)
    assert (done.exit_code, "cannot be used as a git repository" in done.output) == (2, True), done.output
    assert repository.run("status").exit_code == 0


def test_without_git_there_is_a_sentence(repository, monkeypatch, tmp_path):
    for name in ("kustomize", "kubectl"):
        if found := shutil.which(name):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = repository.run("release", NEW)
    assert (done.exit_code, done.output.endswith("git is not installed: install it\n")) == (2, True), done.output


def test_a_shallow_clone_releases_and_says_which_history_it_lacks(repository):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    repository.change("release", NEW)
    shutil.rmtree(repository.place / "model")
    repository.commit("no model any more")
    page = repository.place / "base" / "kustomization.yaml"
    page.write_text(page.read_text().replace("MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=4m"))
    repository.commit("the manifests of the next release")
    repository.change("release", "--manifests")
    place = repository.place.parent / "shallow"
    url = f"file://{repository.place.parent / 'remote.git'}"
    git(repository.place.parent, "clone", "-q", "--depth", "2", url, str(place))
    shallow = Repository(place)
    for key, value in (("user.name", "Someone"), ("user.email", "someone@example.org")):
        shallow.git("config", key, value)
    done = shallow.run("verify", "dev")
    assert (done.exit_code, "this shallow clone begins: git fetch --unshallow" in done.output) == (2, True), done.output
    shallow.change("release", NEW.replace("1.1.0", "1.2.0"))
    assert subject(repository.place.parent / "remote.git") == "release(score-app): dev 1.2.0"


def test_a_merge_that_is_not_finished_is_not_committed(repository):
    other = clone(repository)
    git(other, "commit", "-q", "--allow-empty", "-m", "more")
    git(other, "push", "-q", "origin", "HEAD:side")
    repository.git("commit", "-q", "--allow-empty", "-m", "ours")
    repository.git("fetch", "-q", "origin")
    repository.git("merge", "-q", "--no-commit", "origin/side")
    done = repository.run("release", NEW, "--no-push")
    assert (done.exit_code, "a merge is not finished" in done.output) == (2, True)


def ignored(repository):
    (repository.place / ".gitignore").write_text("/build/\nlocal.yaml\n")
    (repository.place / "base" / "local.yaml").write_text(MORE)
    return "local.yaml"


def nested(repository):
    library = repository.place.parent / "library"
    git(repository.place.parent, "init", "-q", "-b", "main", str(library))
    (library / "kustomization.yaml").write_text("resources:\n  - more.yaml\n")
    (library / "more.yaml").write_text(MORE)
    git(library, "add", "-A")
    git(library, "-c", "user.name=Someone", "-c", "user.email=someone@example.org", "commit", "-q", "-m", "more")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "base/library")
    return "library"


def filled_in(repository):
    (repository.place / ".gitattributes").write_text("base/more.yaml export-subst\n")
    (repository.place / "base" / "more.yaml").write_text(MORE.replace("text", "$Format:%H$"))
    return "more.yaml"


MORE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata:\n  more: text\n"


@pytest.mark.parametrize("spoil", [ignored, nested, filled_in])
def test_what_the_commit_of_base_does_not_have_as_it_is_in_the_working_tree_is_not_released(spoil, repository):
    name = spoil(repository)
    page = repository.place / "base" / "kustomization.yaml"
    page.write_text(page.read_text().replace("resources:\n", f"resources:\n  - {name}\n", 1))
    repository.run("generate")
    repository.commit("more")
    done = repository.run("release", NEW)
    assert done.exit_code == 2, done.output
    assert "of the commit " in done.output
    assert " render to something else than those of the working tree: a file in them is ignored by git, " in done.output
