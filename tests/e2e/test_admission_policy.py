"""The admission policy on a real cluster: only our images by digest, in every place where a pod can name one."""

import json

import pytest
import yaml

from gitops.environments import load
from gitops.generate.admission import policy
from gitops.generate.yaml_output import yaml_text
from gitops.render.kustomize import render_text
from tests.helpers.cluster import kubectl, run
from tests.helpers.waiting import until

SPACE = "mlops-guarded"
DIGEST = f"sha256:{'a' * 64}"


def pod(image, **more):
    spec = {"containers": [{"name": "a", "image": image}], **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": SPACE}, "spec": spec}


def create(found):
    command = ("kubectl", "create", "--dry-run=server", "-f", "-")
    return run(*command, check=False, input=json.dumps(found))


@pytest.fixture(scope="module")
def own(tree, tmp_path_factory):
    """Apply the policy for a namespace of its own, wait until it holds, and return the image that it admits."""
    environments = load(tree)
    file = tmp_path_factory.mktemp("admission") / "admission.yaml"
    declared = tree / "environments.yaml"
    before = declared.read_text()
    found = yaml.safe_load(before)
    found["name"], found["environments"] = "guarded", [{"name": "dev", "namespace": SPACE, "admission": True}]
    declared.write_text(yaml.safe_dump(found))
    try:
        environments = load(tree)
    finally:
        declared.write_text(before)
    file.write_text(yaml_text(*policy(environments, environments.all)))
    kubectl("create", "namespace", SPACE)
    try:
        kubectl("apply", "-f", file)
        until(lambda: create(pod("nginx:1")).returncode, "the policy holds")
        yield environments.image_repository
    finally:
        kubectl("delete", "-f", file, "--ignore-not-found")
        kubectl("delete", "namespace", SPACE, timeout=180)


def test_our_image_by_digest_may_run(own):
    for image in (f"{own}@{DIGEST}", f"{own}:1.2.0@{DIGEST}", f"{own}-iris@{DIGEST}"):
        done = create(pod(image))
        assert done.returncode == 0, done.stderr


def refused(found, image):
    done = create(found)
    assert done.returncode, done.stdout
    assert f"but not {image}: push it there, and name it by tag and digest" in done.stderr, done.stderr


def test_a_tag_and_a_foreign_registry_are_refused_in_every_place(own):
    fine, foreign = f"{own}@{DIGEST}", f"registry.invalid/score-app@{DIGEST}"
    for image in (f"{own}:1.2.0", foreign):
        refused(pod(image), image)
        refused(pod(fine, initContainers=[{"name": "b", "image": image}]), image)
        refused(pod(fine, volumes=[{"name": "b", "image": {"reference": image}}]), image)


def test_an_ephemeral_container_is_refused(own):
    kubectl("create", "-f", "-", input=json.dumps(pod(f"{own}@{DIGEST}")))
    debug = ("kubectl", "debug", "a", "-n", SPACE, "--image=busybox:1", "--target=a")
    done = run(*debug, check=False)
    assert done.returncode
    assert "but not busybox:1" in done.stderr


def test_the_environment_s_own_render_may_run(own, tree):
    found = [
        each for each in yaml.safe_load_all(render_text(tree / "overlays" / "dev")) if each["kind"] == "Deployment"
    ]
    for each in found:
        template = each["spec"]["template"]
        done = create({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"] | {"serviceAccountName": "default"},
                       "metadata": {"name": "b", "namespace": SPACE}})  # fmt: skip
        assert done.returncode == 0, done.stderr
