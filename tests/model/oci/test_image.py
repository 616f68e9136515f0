"""A bundle's image: the same bytes everywhere, and exactly the bundle within."""

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model.bundle.files import read
from model.oci.image import PLATFORMS, digest_of, image_of
from tests.helpers.bundles import unpack
from tests.helpers.manifests import ROOT

BUNDLES = ROOT / "model" / "bundles"


@pytest.fixture
def image():
    return image_of(read(BUNDLES, "iris"))


def test_the_image_is_the_same_on_every_machine(image, tmp_path):
    place = shutil.copytree(BUNDLES / "iris", tmp_path / "iris")
    for path in place.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert image_of(read(tmp_path, "iris")) == image
    script = (
        "import pathlib, sys; from model.bundle.files import read; from model.oci.image import image_of; "
        "print(image_of(read(pathlib.Path(sys.argv[1]), 'iris')).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == image.digest


def test_it_holds_the_bundle_and_a_registry_can_follow_every_digest(image, tmp_path):
    index = json.loads(image.index)
    assert [each["platform"]["architecture"] for each in index["manifests"]] == list(PLATFORMS)
    for entry in index["manifests"]:
        manifest = json.loads(image.manifests[entry["digest"]])
        (layer,) = manifest["layers"]
        config = json.loads(image.blobs[manifest["config"]["digest"]])
        assert config["rootfs"]["diff_ids"] == [layer["digest"]]
        assert (layer["size"], layer["digest"]) == (
            len(image.blobs[layer["digest"]]),
            digest_of(image.blobs[layer["digest"]]),
        )
    unpack(image, tmp_path / "iris")
    assert read(tmp_path, "iris").manifest == read(BUNDLES, "iris").manifest
    labels = config["config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == read(BUNDLES, "iris").manifest.version
    assert labels["score-app.task"] == "classification"


class Registry(BaseHTTPRequestHandler):
    """As much of a registry as a push needs; it may ask for a password."""

    protocol_version = "HTTP/1.1"

    def reply(self, status, **headers):
        self.send_response(status)
        for key, value in {"Content-Length": "0", **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def admitted(self):
        if self.server.password in ("", self.headers.get("Authorization")):
            return True
        self.reply(401, WWW_Authenticate=self.server.challenge)
        return False

    def do_GET(self):
        """Give a token for the right password."""
        given = self.headers.get("Authorization")
        self.server.asked.append(self.path)
        body = json.dumps({"token": "t"} if given == "Basic bWU6c2VjcmV0" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        if self.admitted():
            self.reply(200 if self.path.rpartition("/")[2] in self.server.kept else 404)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.admitted():
            self.reply(202, Location=f"{self.path}1")

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.admitted():
            digest = self.path.partition("digest=")[2].replace("%3A", ":") or self.path.rpartition("/")[2]
            right = digest == digest_of(content)
            self.server.kept |= {digest: content} if right else {}
            self.reply(201 if right else 400)

    def log_message(self, *_):
        pass


@pytest.fixture
def registry():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.kept, server.password, server.asked = {}, "", []
    server.challenge = 'Basic realm="r"'
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def push(registry, home, path=os.environ["PATH"]):
    repository = f"127.0.0.1:{registry.server_port}/team/score-app-iris"
    command = [sys.executable, "-m", "model", "push", "iris", repository, "--bundles", str(BUNDLES)]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"HOME": str(home), "PATH": path},
        timeout=60,
    )


def test_a_push_leaves_every_part_and_says_what_is_next(registry, image, tmp_path):
    done = push(registry, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"next: python -m gitops release --model iris@{image.digest}"
    assert registry.kept == {image.digest: image.index, **image.manifests, **image.blobs}
    assert push(registry, tmp_path).returncode == 0


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_registry_that_wants_a_password_gets_that_of_docker_login(scheme, registry, tmp_path):
    registry.password = "Basic bWU6c2VjcmV0"
    if scheme == "bearer":
        registry.password = "Bearer t"
        registry.challenge = f'Bearer realm="http://127.0.0.1:{registry.server_port}/token",service="r"'
    done = push(registry, tmp_path)
    assert (done.returncode, registry.kept) == (2, {})
    assert "docker login first" in done.stderr
    assert "secret" not in done.stderr
    (tmp_path / ".docker").mkdir()
    access = {"auths": {f"127.0.0.1:{registry.server_port}": {"auth": "bWU6c2VjcmV0"}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(access))
    assert push(registry, tmp_path).returncode == 0
    assert registry.kept
    scope = "/token?scope=repository%3Ateam%2Fscore-app-iris%3Apull%2Cpush&service=r"
    assert set(registry.asked) == ({scope} if scheme == "bearer" else set())


def test_a_credential_helper_is_asked(registry, tmp_path):
    registry.password = "Basic bWU6c2VjcmV0"
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\ncat > /dev/null\necho \'{"Username": "me", "Secret": "secret"}\'\n')
    helper.chmod(0o755)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"credsStore": "test"}')
    done = push(registry, tmp_path, path=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, bool(registry.kept)) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("name", "repository", "message"),
    [
        ("nope", "127.0.0.1:9/x", "there is no bundle 'nope'"),
        ("iris", "127.0.0.1:9/x", "127.0.0.1:9 does not answer as a registry: "),
        ("iris", "score-app-iris", "is not the name of an image: use REGISTRY/NAME"),
        ("iris", "127.0.0.1:9/x:1.0", "is not the name of an image: use REGISTRY/NAME, without a tag"),
    ],
)
def test_what_cannot_be_pushed_is_one_sentence(name, repository, message, model_cli):
    done = model_cli("push", name, repository)
    assert (done.exit_code, message in done.output) == (2, True), done.output
