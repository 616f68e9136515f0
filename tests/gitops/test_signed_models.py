"""Where an environment takes signed models only, git must have them signed: check and release refuse any other."""

import shutil

import pytest
import yaml

from model.bundle.files import DEFAULT_ROOT, SIGNATURE, read, read_signature
from model.oci.image import image_of
from tests.helpers.repository import NEWER, promoted
from tests.helpers.sample import sample
from tests.helpers.signing import Pair
from tests.model.test_check import rewrite

KEYS = "components/signed-models/keys.pem"
ADD = ("component", "add", "signed-models", "dev")
UNSIGNED = (
    "iris: is not signed: python -m model sign iris --key PRIVATE.pem (the component signed-models wants it signed)"
)


@pytest.fixture
def keys(tmp_path):
    return Pair(tmp_path)


@pytest.fixture
def trained(repository):
    """Return a repository with a released image, and with two bundles in its working tree."""
    for name in ("iris", "wine"):
        shutil.copytree(DEFAULT_ROOT / name, bundles(repository) / name)
    sample(repository.place, "clusters", "README.md", ".github")
    repository.commit("models")
    return promoted(repository)


@pytest.fixture
def guarded(trained, keys):
    """Return it with iris signed, and with the component in dev."""
    page = trained.place / KEYS
    page.write_bytes(page.read_bytes() + keys.public.read_bytes())
    keys.sign(bundles(trained), "iris")
    trained.commit("keys, and a signature")
    done = trained.run(*ADD)
    assert done.exit_code == 0, done.output
    trained.commit("signed models in dev")
    return trained


def bundles(repository):
    return repository.place / "model" / "bundles"


def image(repository, name):
    bundle = read(bundles(repository), name)
    return f"{name}@{image_of(bundle, read_signature(bundles(repository), name)).digest}"


def problems(repository):
    return [line for line in repository.run("check").output.splitlines() if "dev: " in line]


def test_the_component_is_refused_until_there_is_a_key_and_a_signature(trained, keys):
    done = trained.run(*ADD)
    message = (
        f"dev: {KEYS} holds no public key, so no model can be served: openssl pkey -in PRIVATE.pem -pubout >> {KEYS}"
    )
    assert (done.exit_code, message in done.output) == (2, True), done.output
    page = trained.place / KEYS
    page.write_bytes(page.read_bytes() + keys.public.read_bytes())
    trained.commit("a key")
    done = trained.run(*ADD)
    assert (done.exit_code, f"dev: {UNSIGNED}" in done.output) == (2, True), done.output
    assert trained.git("status", "--porcelain") == ""
    keys.sign(bundles(trained), "iris")
    done = trained.run(*ADD)
    assert (done.exit_code, "signed-models: Needs the public keys" in done.output) == (0, True), done.output


def test_the_pods_get_the_keys(guarded, keys):
    (page,) = (guarded.place / "rendered" / "dev").glob("configmap-score-app-model-keys*.yaml")
    config = yaml.safe_load(page.read_text())
    assert keys.public.read_text() in config["data"]["keys.pem"]
    deployment = yaml.safe_load((guarded.place / "rendered" / "dev" / "deployment-score-app.yaml").read_text())
    spec = deployment["spec"]["template"]["spec"]
    (volume,) = (each for each in spec["volumes"] if "configMap" in each)
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    (mount,) = (each for each in spec["containers"][0]["volumeMounts"] if each["name"] == volume["name"])
    assert {"name": "MODEL_KEYS", "value": mount["mountPath"]} in spec["containers"][0]["env"]
    assert problems(guarded) == []


def another_key(repository, tmp_path):
    Pair(tmp_path, "other").sign(bundles(repository), "iris")


def changed(repository, _):
    path = bundles(repository) / "iris" / SIGNATURE
    path.write_bytes(path.read_bytes().replace(b'"sig":"M', b'"sig":"N'))


WRONG = {
    "none": (lambda repository, _: (bundles(repository) / "iris" / SIGNATURE).unlink(), "is not signed"),
    "of another key": (another_key, "is signed with a key that is not trusted here"),
    "changed": (changed, "model.sig was changed after signing"),
    "of fewer files": (
        lambda repo, _: (bundles(repo) / "iris" / "x").write_text("x"),
        "the signature does not cover 'x'",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_signature_in_git_is_a_problem(wrong, guarded, tmp_path):
    spoil, message = WRONG[wrong]
    spoil(guarded, tmp_path)
    guarded.commit("spoilt")
    done = guarded.run("check")
    assert (done.exit_code, f"dev: iris: {message}" in done.output) == (1, True), done.output
    head = guarded.git("rev-parse", "HEAD")
    for release in (NEWER,), ("--model", image(guarded, "iris")):
        done = guarded.run("release", *release)
        assert (done.exit_code, message in done.output) == (2, True), done.output
    assert guarded.git("rev-parse", "HEAD") == head


def test_a_model_is_released_with_its_signature(guarded):
    done = guarded.run("release", "--model", f"iris@{image_of(read(bundles(guarded), 'iris')).digest}")
    assert (done.exit_code, "is not the image of the bundle iris here" in done.output) == (2, True), done.output
    guarded.change("release", "--model", image(guarded, "iris"))
    assert problems(guarded) == []
    guarded.change("release", NEWER)


def test_a_model_that_is_not_served_need_not_be_signed(guarded):
    guarded.change("release", "--model", image(guarded, "wine"))


def test_what_is_served_counts_and_not_what_git_has_newer(guarded, keys):
    """Trained again and not signed yet: the release still has the version that is signed in the history."""
    guarded.change("release", "--model", image(guarded, "iris"))
    rewrite(bundles(guarded), "iris", title="Trained again")
    guarded.commit("trained again")
    assert read_signature(bundles(guarded), "iris") is None
    assert problems(guarded) == []
    done = guarded.run("release", "--model", image(guarded, "iris"))
    assert (done.exit_code, UNSIGNED in done.output) == (2, True), done.output
    keys.sign(bundles(guarded), "iris")
    guarded.commit("signed again")
    guarded.change("release", "--model", image(guarded, "iris"))


def test_an_image_from_before_the_signature_is_not_taken_for_the_signed_one(trained, keys):
    """The same version of the model is in two images, and only one of them has the signature."""
    trained.change("release", "--model", image(trained, "iris"))
    page = trained.place / KEYS
    page.write_bytes(page.read_bytes() + keys.public.read_bytes())
    keys.sign(bundles(trained), "iris")
    trained.commit("signed later")
    done = trained.run(*ADD)
    assert (done.exit_code, UNSIGNED in done.output) == (2, True), done.output
    trained.change("release", "--model", image(trained, "iris"))
    assert trained.run(*ADD).exit_code == 0


def test_a_rollback_to_a_model_that_is_not_signed_is_refused(trained, keys):
    """Its pods would not start."""
    trained.change("release", "--model", image(trained, "iris"))
    trained.verified("dev")
    page = trained.place / KEYS
    page.write_bytes(page.read_bytes() + keys.public.read_bytes())
    keys.sign(bundles(trained), "iris")
    trained.commit("signed")
    trained.change("release", "--model", image(trained, "iris"))
    assert trained.run(*ADD).exit_code == 0
    trained.commit("signed models in dev")
    done = trained.run("rollback", "dev", "--reason", "wrong answers")
    assert (done.exit_code, UNSIGNED in done.output) == (2, True), done.output


def test_a_key_that_is_none_is_a_problem(guarded):
    (guarded.place / KEYS).write_text("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    guarded.run("generate")
    done = guarded.run("check")
    assert "dev: components/signed-models/kustomization.yaml: keys.pem holds a private key" in done.output
