"""docs/tutorial.md, typed as it stands: a fork with its own remote, a registry, a cluster, nothing else prepared."""

import os
import re
import shutil
import subprocess

import pytest

from tests.helpers.cluster import PUSH, ROOT, kubectl, run

# Its pods ask for more than half of a small node.
pytestmark = pytest.mark.alone
PAGE = ROOT / "docs" / "tutorial.md"
SPACES = ("mlops-dev", "mlops-staging")
ANSWERS = "for _ in $(seq 300); do curl -sf http://localhost:8000/readyz > /dev/null && break; sleep 0.2; done"
TYPED = """
until_ready() {{ {answers}; }}
set -euxo pipefail
{commands}
"""


@pytest.fixture(scope="module")
def fork(cluster, tmp_path_factory):
    """Give a clone of a fork, with this checkout's installed packages; whatever is left in the cluster goes."""
    place = tmp_path_factory.mktemp("tutorial")
    run("git", "clone", "-q", "--bare", ROOT, place / "fork.git")
    run(
        "git", "-C", place / "fork.git", "update-ref", "refs/heads/main", run("git", "rev-parse", "HEAD").stdout.strip()
    )
    run("git", "clone", "-q", "-b", "main", place / "fork.git", place / "score-app")
    tree = place / "score-app"
    run("git", "-C", tree, "config", "user.email", "someone@example.org")
    run("git", "-C", tree, "config", "user.name", "Someone")
    shutil.copytree(ROOT / ".venv", tree / ".venv", symlinks=True)
    # `setup` finds its stamps newer than the clone's files, and installs nothing twice.
    for pattern in (".ready-*", ".project-*"):
        for stamp in (tree / ".venv").glob(pattern):
            stamp.touch()
    yield tree
    for space in SPACES:
        kubectl("delete", "namespace", space, "--ignore-not-found", timeout=180)


def script(page, files):
    """Return what a reader types, in order; what is to run beside it is ended after the next block."""
    typed, server = [], False
    for kind, text in re.findall(r"^```([^\n]*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        language, _, how = kind.partition(" ")
        if language == "python":
            files[how] = text
            typed.append(f"cp ../{how} .")
        elif how == "server":
            # A group of its own, which Ctrl-C ends as a terminal does.
            typed.append(f"set -m\n{text.strip()} &\nserver=$!\nset +m\nuntil_ready")
            server = True
        elif how != "argocd":
            typed += [f"cp ../{name} ." for name in files if how == f"again {name}"]
            typed.append(text)
            typed += ["kill -INT -- -$server\nwait $server || true"] if server else []
            server = False
    return "\n".join(typed)


def test_every_command_of_the_tutorial_works_as_it_stands(fork):
    files = {}
    page = PAGE.read_text()
    mine = {
        "registry.example/me/score-app": f"{PUSH}/me/tutorial",
        "https://git.example/me/score-app.git": "https://git.example/somebody/tutorial.git",
    }
    for named, value in mine.items():
        assert page.count(named) == 1
        page = page.replace(named, value)
    commands = script(page, files)
    for name, text in files.items():
        (fork.parent / name).write_text(text)
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(
        ["bash", "-c", TYPED.format(answers=ANSWERS, commands=commands)],
        cwd=fork, env=environment, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    output = done.stdout + "\n" + done.stderr
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "tutorial.txt").write_text(output)
    assert done.returncode == 0, output[-4000:]
    assert '{"score":[' in done.stdout
    assert "golden rows are predicted correctly" in done.stdout
    assert "rollback(score-app): staging 1.0.0" in done.stdout
    assert run("git", "-C", fork, "status", "--porcelain").stdout == ""
