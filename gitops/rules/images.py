"""Rules about images: each override matches a container, and each container runs one exact image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops.mounted import FILE, PLACE, VERSIONS, of_overlay, version_list
from gitops.release import DIGEST, TAG, UNRELEASED
from gitops.render.kustomize import folders, kustomization
from gitops.render.objects import APP, full_name, is_service_pod, pod_of, settings_of
from gitops.rules.overlay import Overlay

MOUNTED = re.compile(r".+@sha256:[0-9a-f]{64}")


def exact_images(overlay: Overlay) -> Iterator[str]:
    """Require a tag, a digest and a container for each image override, and a digest for each container."""
    overrides = [each for folder in folders(overlay.folder) for each in kustomization(folder).get("images") or ()]
    running = [container["image"] for _, container in overlay.containers() if "image" in container]
    for each in overrides:
        image = each.get("newName") or each.get("name")
        if not isinstance(each.get("newTag"), str) or not TAG.fullmatch(each["newTag"]):
            yield f"the tag {each.get('newTag')!r} of {each.get('name')} must be text: quote it"
        # Before its first release an environment names the service's own image without one.
        own = image == overlay.image_repository
        if not (DIGEST.fullmatch(str(each.get("digest"))) or (own and each.get("digest") == UNRELEASED)):
            yield f"the image {each.get('name')} has no digest of a released image; release one first"
        if not any(found.split("@")[0].rpartition(":")[0] == image for found in running):
            yield f"no container uses the image {each.get('name')!r}: Kustomize ignores that silently"
    if not any(found.split("@")[0].rpartition(":")[0] == overlay.image_repository for found in running):
        yield f"no container runs {overlay.image_repository}, which environments.yaml names: set newName under images"
    for owner, container in overlay.containers():
        if "@sha256:" not in container.get("image", "@sha256:"):
            yield f"{owner}: the image {container['image']} has no digest; name it under images"


def released_image(overlay: Overlay) -> Iterator[str]:
    """Require that the service, and all that runs its image, runs what the overlay's own entry under images names."""
    entries = overlay.kustomization.get("images") or ()
    digest = next((each.get("digest") for each in entries if each.get("name") == overlay.image), None)
    service = [container for _, container in overlay.service_containers()]
    for each in overlay.objects:
        pod = pod_of(each)
        if pod and is_service_pod(pod) and not any(found in service for found in pod["spec"]["containers"]):
            yield f"{full_name(each)}: only pods with the container {APP} may have the label app of the service"
    for owner, container in overlay.containers() if digest else ():
        image = str(container.get("image", ""))
        name, _, found = image.partition("@")
        registry, slash, last = name.rpartition("/")
        repository = registry + slash + last.partition(":")[0]
        if (repository == overlay.image_repository or container in service) and found not in ("", digest):
            yield (
                f"{owner}: the container {container['name']} runs {image}, which is not the image {overlay.image} that "
                "its overlay names: remove the patch, or the other entry under images, that sets it"
            )


def exact_model_images(overlay: Overlay) -> Iterator[str]:
    """Require a digest for each image that is mounted as a volume."""
    for each in overlay.objects:
        for volume in ((pod_of(each) or {}).get("spec") or {}).get("volumes") or ():
            if (image := volume.get("image")) and not MOUNTED.fullmatch(str(image.get("reference"))):
                yield f"{full_name(each)}: the volume {volume.get('name')} has no digest: release --model mounts by one"


def released_models(overlay: Overlay) -> Iterator[str]:
    """Require that exactly the models of models.yaml are mounted, each with its digest and its version."""
    wanted, found = of_overlay(overlay.folder), dict(_mounted(overlay))
    versions = settings_of(overlay.objects).get(VERSIONS)
    if found != {each.name: each.digest for each in wanted} or (wanted and versions != version_list(wanted)):
        listed = ", ".join(f"{name}@{digest[:19]}" for name, digest in sorted(found.items()))
        yield (
            f"it mounts {listed or 'no model'} ({VERSIONS} is {versions or 'not set'}), and {FILE} has "
            f"{', '.join(map(str, wanted)) or 'none'}: list `path: {FILE}` under patches, and change nothing of it in "
            "another patch"
        )


def _mounted(overlay: Overlay) -> Iterator[tuple[str, str]]:
    """Yield each model that the service's pods mount, with the digest of its image."""
    for pod in (pod for each in overlay.objects if (pod := pod_of(each)) and is_service_pod(pod)):
        volumes = {each["name"]: each.get("image") or {} for each in pod["spec"].get("volumes") or ()}
        for mount in (mount for each in pod["spec"]["containers"] for mount in each.get("volumeMounts") or ()):
            place, _, name = str(mount.get("mountPath")).rpartition("/")
            if place == PLACE:
                yield name, str(volumes.get(mount["name"], {}).get("reference")).partition("@")[2]


def no_stray_container(overlay: Overlay) -> Iterator[str]:
    """Find the additional container that a misspelt name in a patch creates."""
    for owner, container in overlay.containers():
        if "image" not in container:
            yield f"{owner}: the container {container.get('name')!r} has no image: its name is misspelt in a patch"
