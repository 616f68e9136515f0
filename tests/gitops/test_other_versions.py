"""`check` finds an environment whose pods would run another image or model than the one that it was given."""

import pytest
import yaml

from tests.gitops.test_model_releases import image, trained  # noqa: F401
from tests.helpers.repository import PROMOTE, promoted

OTHER = "9.9.9@sha256:" + "9" * 64
REPOSITORY = "ghcr.io/score-app/score-app"


def patch(repository, **pod):
    """Write a patch of the pods of staging as a file of its own, below the others."""
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "score-app"}}
    page = repository.overlay("staging")
    (page.parent / "other.yaml").write_text(yaml.safe_dump(deployment | {"spec": {"template": {"spec": pod}}}))
    found = yaml.safe_load(page.read_text())
    found["patches"] = [*found.get("patches", ()), {"path": "other.yaml"}]
    page.write_text(yaml.safe_dump(found, sort_keys=False))


def container(**fields):
    return {"containers": [{"name": "score-app", **fields}]}


def problem(repository):
    """Render the edit and commit it; return what is wrong with it."""
    repository.run("render", "staging")
    repository.commit("an edit of staging")
    done = repository.run("check")
    assert done.exit_code == 1, done.output
    return done.output


@pytest.mark.parametrize("repository_name", [REPOSITORY, "ghcr.io/another/server"])
def test_a_patch_brings_no_other_image(repository_name, repository):
    promoted(repository)
    patch(repository, **container(image=f"{repository_name}:{OTHER}"))
    runs = f"staging: Deployment score-app: the container score-app runs {repository_name}:{OTHER}, "
    assert runs + "which is not the image score-app that its overlay names" in problem(repository)


def test_a_second_entry_under_images_brings_none(repository):
    promoted(repository)
    page = repository.overlay("staging")
    found = yaml.safe_load(page.read_text())
    tag, _, digest = OTHER.partition("@")
    found["images"].append({"name": REPOSITORY, "newTag": tag, "digest": digest})
    page.write_text(yaml.safe_dump(found, sort_keys=False))
    assert f"runs {REPOSITORY}:{OTHER}, which is not the image score-app" in problem(repository)


def test_no_other_deployment_answers_for_the_service(repository):
    promoted(repository)
    page = repository.place / "rendered" / "staging" / "deployment-score-app.yaml"
    text = page.read_text().replace("name: score-app\n", "name: canary\n")
    page = repository.overlay("staging")
    (page.parent / "canary.yaml").write_text(text.replace(REPOSITORY, "ghcr.io/another/server"))
    page.write_text(page.read_text().replace("resources:\n", "resources:\n  - canary.yaml\n", 1))
    wrong = "staging: Deployment canary: only pods with the container score-app may have the label app of the service"
    assert wrong in problem(repository)


@pytest.fixture
def mounting(trained):  # noqa: F811
    """Return a repository whose staging mounts a model."""
    trained.change("release", "--model", image("iris")[0])
    trained.verified("dev")
    trained.change(*PROMOTE)
    assert "it mounts" not in trained.run("check").output
    return trained


def test_a_model_that_is_recorded_is_mounted(mounting):
    page = mounting.overlay("staging")
    text = page.read_text()
    assert "  - path: models.yaml\n" in text
    page.write_text(text.replace("patches:\n  - path: models.yaml\n", ""))
    wanted = image("iris")[0][:24]
    assert (
        f"staging: it mounts no model (MODEL_VERSIONS is not set), and models.yaml has {wanted}: "
        "list `path: models.yaml` under patches" in problem(mounting)
    )


@pytest.mark.parametrize(
    "pod",
    [
        {"volumes": [{"name": "model-iris", "image": {"reference": f"{REPOSITORY}-iris@{OTHER.partition('@')[2]}"}}]},
        container(env=[{"name": "MODEL_VERSIONS", "value": ""}]),
    ],
    ids=["another digest", "no version"],
)
def test_a_patch_brings_no_other_model(pod, mounting):
    patch(mounting, **pod)
    assert "staging: it mounts iris@sha256:" in problem(mounting)


def test_a_model_that_is_mounted_is_recorded(mounting):
    wanted = image("wine")[0].partition("@")[2]
    mount = container(volumeMounts=[{"name": "model-wine", "mountPath": "/app/bundles/wine", "readOnly": True}])
    patch(mounting, **mount, volumes=[{"name": "model-wine", "image": {"reference": f"{REPOSITORY}-wine@{wanted}"}}])
    assert f"wine@{wanted[:19]}" in problem(mounting)
