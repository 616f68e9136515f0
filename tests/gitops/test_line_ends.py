"""Files keep the line ends that they have, and are planned alike."""

import json
import shutil

import pytest

from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, PROMOTE, git

FILES = ("environments.yaml", "overlays/dev/kustomization.yaml", "overlays/staging/kustomization.yaml")


@pytest.fixture
def windows(repository):
    """Give a repository whose files were saved with CRLF."""
    repository.run("release", NEW)
    repository.verified("dev")
    for path in [*(repository.place / name for name in FILES), *repository.place.glob("rendered/*/*"),
                 *repository.place.glob("promotions/*.jsonl")]:  # fmt: skip
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    repository.commit("CRLF")
    return repository


def crlf_only(path):
    content = path.read_bytes()
    return content.count(b"\r\n") == content.count(b"\n") > 0


def test_one_value_changes_and_no_line_end(windows):
    before = windows.overlay("staging").read_bytes()
    done = windows.change(*PROMOTE)
    assert "spec.template.spec.containers[score-app].image" in done.output
    after = windows.overlay("staging").read_bytes()
    assert sum(a != b for a, b in zip(before.split(b"\n"), after.split(b"\n"), strict=True)) == 2
    assert crlf_only(windows.overlay("staging"))
    assert crlf_only(windows.place / "rendered" / "staging" / "deployment-score-app.yaml")
    changed = windows.git(
        "diff", "--numstat", "HEAD~1", "HEAD", "--", "rendered/staging/deployment-score-app.yaml"
    ).split()[:2]
    assert changed == ["1", "1"]


def test_the_ledger_goes_on_as_it_began(windows):
    file = windows.place / "promotions" / "dev.jsonl"
    before = file.read_bytes()
    windows.change("freeze", "dev", "--reason", "x")
    assert file.read_bytes().startswith(before)
    assert crlf_only(file)
    rows = json.loads(windows.run("status", "--json").output)
    assert (rows[0]["frozen"], bool(rows[0]["verified"])) == ("x", True)
    windows.change("unfreeze", "dev")
    windows.change("release", NEW.replace("1.1.0", "1.2.0").replace("1" * 64, "3" * 64))
    windows.change("rollback", "dev", "--reason", "two entries")
    assert crlf_only(file)


def test_a_new_ledger_has_the_line_ends_of_its_first_line(windows):
    windows.change("freeze", "prod", "--reason", "x")
    assert b"\r" not in (windows.place / "promotions" / "prod.jsonl").read_bytes()


def test_no_file_is_stale_only_because_of_its_line_ends(windows):
    assert windows.run("render", "--check").exit_code == 0
    windows.change("generate")
    windows.commit("generated")
    for path in windows.place.glob("clusters/*/*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert windows.run("check").exit_code == 0
    declared = windows.place / "environments.yaml"
    declared.write_bytes(declared.read_bytes().replace(b"availability: 99.0", b"availability: 98.0"))
    declared.write_bytes(declared.read_bytes().replace(b"score-app.git", b"another.git"))
    windows.change("generate")
    assert crlf_only(windows.place / "clusters" / "argocd" / "project.yaml")


def test_git_may_convert_line_ends(repository):
    repository.git("config", "core.autocrlf", "true")
    for path in repository.place.glob("overlays/*/kustomization.yaml"):
        path.unlink()
    repository.git("checkout", "-q", "--", ".")
    assert crlf_only(repository.overlay("dev"))
    repository.change("release", NEW)
    assert crlf_only(repository.overlay("dev"))
    assert b"\r" not in repository.git("show", "HEAD:overlays/dev/kustomization.yaml").encode()
    changed = repository.git("diff", "--numstat", "HEAD~1", "HEAD", "--", "overlays").split()[:2]
    assert changed == ["2", "2"]
    assert repository.git("status", "--porcelain") == ""


def test_this_repository_lets_git_convert_nothing(tmp_path):
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"{\n}\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "core.autocrlf", "true")
    git(tmp_path, "add", "-A")
    (tmp_path / "manifest.json").unlink()
    git(tmp_path, "checkout", "-q", "--", ".")
    assert (tmp_path / "manifest.json").read_bytes() == b"{\n}\n"
