"""What an outsider tried with wrong input on purpose: one sentence, the right exit code, and nothing half done."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gitops.environments import load
from gitops.verification import golden_rows, slo_check
from model.bundle.files import read
from tests.gitops.fake_cluster import CONFIG
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW
from tests.helpers.sample import SAMPLE

OVERLAY = "overlays/dev/kustomization.yaml"


def pipe(place):
    (place / "promotions").mkdir(exist_ok=True)
    os.mkfifo(place / "promotions" / "dev.jsonl")


def folder(place):
    (place / "promotions" / "dev.jsonl").mkdir(parents=True)


def link(place):
    (place / "environments.yaml").unlink()
    (place / "environments.yaml").symlink_to("environments.yaml")


def text(name, content):
    def spoil(place):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content)

    return spoil


WRONG = {
    "a pipe as ledger": (pipe, ("status",), "dev.jsonl is not a file"),
    "a folder as ledger": (folder, ("status",), "dev.jsonl is not a file"),
    "a link to itself": (link, ("status",), "environments.yaml: cannot be read (Too many levels"),
    "an empty file": (text("environments.yaml", ""), ("status",), "environments.yaml: it is not a mapping"),
    "deep lists": (text("environments.yaml", "[" * 5000), ("status",), "nested too deeply"),
    "code in YAML": (text("environments.yaml", "!!python/object/apply:os.system [id]"), ("status",), "constructor"),
    "deep lists in an overlay": (text(OVERLAY, "images: " + "[" * 5000), ("status",), "is not YAML"),
    "an overlay of numbers": (text(OVERLAY, "images: 5"), ("status",), "overlays/dev has no image 'score-app'"),
    "a workflow that is no YAML": (text(".github/workflows/promote.yml", "["), ("check",), "promote.yml: is not YAML"),
    "no digest": (None, ("release", "1.0@"), "1.0@ has no digest"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_is_one_sentence(wrong, repository):
    spoil, command, message = WRONG[wrong]
    if spoil:
        spoil(repository.place)
    done = repository.run(*command)
    assert (done.exit_code, done.output.startswith("error: "), done.output.count("\n")) == (2, True, 1), done.output
    assert message in done.output


def test_links_within_the_manifests_are_no_hindrance(repository):
    (repository.place / "components" / "loop").symlink_to(".")
    (repository.place / "overlays" / "dev" / "dangling").symlink_to("nowhere")
    repository.commit()
    repository.change("release", NEW)


@pytest.mark.parametrize(
    "args",
    [("--url", "foo"), ("--url", "file:///etc/passwd"), ("--url", "http://a:b"), ("--prometheus", "http://"),
     ("--timeout", "-1"), ("--timeout", "1e9")],
)  # fmt: skip
def test_a_wrong_option_of_verify_is_wrong_usage(args, repository):
    done = repository.run("verify", "dev", *args)
    assert (done.exit_code, f"Invalid value for '{args[0]}'" in done.output) == (2, True)


def command(repository, *args, **more):
    return subprocess.run(
        [sys.executable, "-m", "gitops", *args, "--root", repository.place], cwd=ROOT, stderr=subprocess.PIPE,
        text=True, timeout=60, **more,
    )  # fmt: skip


@pytest.mark.parametrize("args", [("status",), ("release", NEW), ("status", "--json"), ("diff", "dev", "prod")])
def test_an_output_that_cannot_be_written_is_no_success(args, repository):
    with Path("/dev/full").open("w") as full:
        done = command(repository, *args, stdout=full)
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


def test_without_an_output_a_command_does_its_work(repository):
    done = command(repository, "status", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


def test_only_one_command_at_a_time_changes_a_repository(repository):
    # While the first one pushes, the second one is refused.
    second = f"{sys.executable} -m gitops freeze prod --reason second --root {repository.place}"
    hook = repository.hook("pre-push", f"cd {ROOT} && {second} 2> {repository.place.parent}/second\nexit 0")
    repository.change("freeze", "dev", "--reason", "first")
    refusal = (repository.place.parent / "second").read_text()
    assert refusal == "error: another gitops command changes this repository: wait until it has ended\n"
    hook.unlink()
    repository.change("freeze", "prod", "--reason", "second")


@contextmanager
def answering(status, body):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def with_model(repository):
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit("a model")
    return repository


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"["), (200, b"[]"), (200, b"5"), (200, b"{}"), (200, b'{"items": null}'), (200, b'{"items": [null]}'),
     (403, b"no JSON"), (403, b"[]"), (200, b'{"items": [], "spec": 5}')],
)  # fmt: skip
def test_a_server_that_is_no_cluster_is_one_sentence(status, body, with_model, tmp_path, monkeypatch):
    head = with_model.git("rev-parse", "HEAD")
    with answering(status, body) as url:
        (tmp_path / "config").write_text(CONFIG % url)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        done = with_model.run("verify", "dev", "--timeout", "1", "--auto-rollback")
    assert (done.exit_code, done.output.startswith("error: "), done.output.count("\n")) == (2, True, 1), done.output
    assert with_model.git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("config", ["[", "5", "clusters: 5", "\x00"])
def test_a_kubeconfig_that_is_none_is_one_sentence(config, with_model, tmp_path, monkeypatch):
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    done = with_model.run("verify", "dev", "--timeout", "1")
    assert (done.exit_code, done.output.startswith("error: no cluster is configured: ")) == (2, True), done.output
    assert done.output.count("\n") == 1


GARBAGE = [b"[", b"[]", b"5", b"null", b'{"models": 5}', b'{"models": {"iris": 1}}', b'{"data": {"result": [5]}}']


@pytest.mark.parametrize("body", GARBAGE)
def test_a_service_or_prometheus_that_is_none_is_a_problem(body):
    manifest = read(ROOT / "model" / "bundles", "iris").manifest
    with answering(200, body) as url:
        assert golden_rows.find_wrong_prediction([manifest], url)
        assert slo_check.find_missed_objective(url, load(SAMPLE).get("prod").slo).endswith(
            "answers, but not as Prometheus does"
        )
