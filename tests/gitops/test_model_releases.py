"""A retrained model is a release of its own image: mounted by digest, promoted, rolled back, and held by itself."""

import json
import shutil

import pytest
import yaml

from model.bundle.files import read
from model.oci.image import image_of
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW, NEWER, PROMOTE, promoted

BUNDLES = ROOT / "model" / "bundles"


def image(name):
    bundle = read(BUNDLES, name)
    return f"{name}@{image_of(bundle).digest}", bundle.manifest.version


def pod(repository, environment):
    page = repository.place / "rendered" / environment / "deployment-score-app.yaml"
    return yaml.safe_load(page.read_text())["spec"]["template"]["spec"]


def mounts(repository, environment):
    """Return the images that an environment ships as volumes, by where they are mounted."""
    spec = pod(repository, environment)
    places = {each["name"]: each["mountPath"] for each in spec["containers"][0].get("volumeMounts", ())}
    return {places[e["name"]]: e["image"]["reference"] for e in spec.get("volumes", ()) if "image" in e}


def setting(repository, environment, name):
    return next(
        (e["value"] for e in pod(repository, environment)["containers"][0].get("env", ()) if e["name"] == name), ""
    )


def row(repository, environment):
    rows = json.loads(repository.run("status", "--json").output)
    return next(each for each in rows if each["environment"] == environment)


@pytest.fixture
def trained(repository):
    """Return a repository with a released image, and with two bundles in its working tree."""
    for name in ("iris", "wine"):
        shutil.copytree(BUNDLES / name, repository.place / "model" / "bundles" / name)
    repository.commit("models")
    return promoted(repository)


def test_a_model_is_released_and_promoted_without_an_image_of_the_server(trained):
    wanted, version = image("iris")
    before = row(trained, "dev")
    done = trained.change("release", "--model", wanted)
    assert f"release(score-app): dev iris {version}" in done.output
    reference = f"ghcr.io/score-app/score-app-iris@{wanted.partition('@')[2]}"
    assert mounts(trained, "dev") == {"/app/bundles/iris": reference}
    assert setting(trained, "dev", "MODEL_VERSIONS") == f"iris={version}"
    assert mounts(trained, "staging") == {}
    after = row(trained, "dev")
    assert (after["digest"], after["verified"], after["models"]) == (before["digest"], None, {"iris": version})
    assert row(trained, "staging")["behind"]
    trained.verified("dev")
    trained.change(*PROMOTE)
    assert mounts(trained, "staging") == {"/app/bundles/iris": reference}
    assert trained.run("release", "--model", wanted).output == "nothing to do\n"
    trailers = trained.git("log", "-1", "--format=%(trailers)")
    assert f"Model-Digest: iris {wanted.partition('@')[2]}" in trailers
    assert "rendered/" not in trained.run("check").output


def test_several_models_have_a_digest_each_and_a_new_image_keeps_them(trained):
    trained.change("release", "--model", image("iris")[0])
    trained.change("release", "--model", image("wine")[0])
    trained.change("release", NEWER)
    assert set(mounts(trained, "dev")) == {"/app/bundles/iris", "/app/bundles/wine"}
    wanted = {name: f"{image(name)[1]}@{image(name)[0].partition('@')[2]}" for name in ("iris", "wine")}
    assert row(trained, "dev")["mounted"] == wanted


def test_a_rollback_takes_the_model_back_and_holds_that_alone(trained):
    trained.verified("dev")
    trained.change("release", "--model", image("iris")[0])
    trained.change("rollback", "dev", "--reason", "worse on Mondays")
    assert mounts(trained, "dev") == {}
    assert not (trained.place / "overlays" / "dev" / "models.yaml").exists()
    assert "patches" not in trained.overlay("dev").read_text()
    digest = image("iris")[0].partition("@")[2]
    assert row(trained, "dev")["held"] == [digest]
    refused = trained.run("release", "--model", image("iris")[0])
    assert (refused.exit_code, f"the model iris@{digest[:19]}: rolled back in dev" in refused.output) == (2, True)
    trained.change("release", "--model", image("wine")[0])
    trained.change("release", "--model", image("iris")[0], "--force-held", "Mondays are over")


WRONG = {
    "no digest": ("iris", "'iris' is not NAME@sha256:"),
    "a digest of something else": (
        f"iris@sha256:{'7' * 64}",
        "is not the image of the bundle iris here, which is sha256:",
    ),
    "no such bundle": (f"churn@sha256:{'7' * 64}", "there is no bundle 'churn'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_model_is_refused(wrong, trained):
    text, message = WRONG[wrong]
    head = trained.git("rev-parse", "HEAD")
    done = trained.run("release", "--model", text)
    assert (done.exit_code, message in done.output) == (2, True), done.output
    assert trained.git("rev-parse", "HEAD") == head


def test_a_broken_bundle_is_refused(trained):
    page = trained.place / "model" / "bundles" / "iris" / "model.onnx"
    page.write_bytes(page.read_bytes() + b"x")
    trained.commit("broken")
    done = trained.run("release", "--model", image("iris")[0])
    assert (done.exit_code, "iris: model.onnx is not the file that was packed" in done.output) == (2, True)


def test_a_mount_that_was_changed_by_hand_is_refused(trained):
    trained.change("release", "--model", image("iris")[0])
    page = trained.place / "overlays" / "dev" / "models.yaml"
    page.write_text(page.read_text().replace(image("iris")[0].partition("@")[2], f"sha256:{'7' * 64}"))
    done = trained.run("check")
    assert (done.exit_code, "overlays/dev/models.yaml mounts iris@sha256:777" in done.output) == (1, True), done.output
    page.write_text("kind: Deployment\n")
    done = trained.run("check")
    assert "overlays/dev/models.yaml" in done.output
    assert NEW.partition("@")[2] in trained.overlay("dev").read_text()
