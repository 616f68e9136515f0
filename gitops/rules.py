"""What every environment must keep, above all where Kustomize itself passes over a slip in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.sdk import environment_variables

from api.settings import NAMES
from gitops.render import Object, folders, kustomization, name, objects, of_kind, pod_of, serves, settings_of, text

ORDER = (
    "apiVersion", "kind", "namespace", "labels", "resources", "components", "images", "replicas",
    "configMapGenerator", "patches",
)  # fmt: skip
PAGE = 60
DIGEST = re.compile(r"sha256:(?!0{64})[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# The service's own, and what OpenTelemetry's SDK reads itself.
SETTINGS = {*NAMES, *(each for each in vars(environment_variables) if each.startswith("OTEL_"))}


@dataclass(frozen=True)
class Environment:
    """One overlay: its folder, its own page, and what Kustomize makes of it."""

    folder: Path
    page: Object
    rendered: str
    objects: list[Object]

    @property
    def name(self) -> str:
        """Return the folder's name."""
        return self.folder.name


def load(folder: Path) -> Environment:
    """Return an environment as it is in the working tree."""
    rendered = text(folder)
    return Environment(folder, kustomization(folder), rendered, objects(rendered))


def problems(environments: list[Environment]) -> Iterator[str]:
    """Give every broken rule of these environments, a sentence each."""
    for environment in environments:
        for rule in RULES:
            for said in rule(environment):
                yield f"{environment.name}: {said}"
    owners: dict[str, str] = {}
    for environment in environments:
        place = str(environment.page.get("namespace"))
        if place in owners:
            yield f"{environment.name}: shares the namespace {place} with {owners[place]}; each needs its own"
        owners[place] = environment.name


def one_page(environment: Environment) -> Iterator[str]:
    """Keep an overlay readable: a page, its keys in one order."""
    lines = (environment.folder / "kustomization.yaml").read_text().count("\n")
    if lines > PAGE:
        yield f"the overlay has {lines} lines, a page has {PAGE}; what others share belongs into a component"
    keys = list(environment.page)
    if unknown := [key for key in keys if key not in ORDER]:
        yield f"the overlay may not use {', '.join(unknown)}; it has {', '.join(ORDER)}"
    elif keys != sorted(keys, key=ORDER.index):
        yield f"the overlay's keys stand in another order than {', '.join(ORDER)}"


def plain_kustomize(environment: Environment) -> Iterator[str]:
    """Refuse what Kustomize does in silence, in the overlay and in all that it is made of."""
    for folder in folders(environment.folder):
        page = kustomization(folder)
        for patch in page.get("patches") or ():
            if "target" in patch:
                yield f"{folder.name}: a patch with a target says nothing when it misses; name the object in the patch"
        for key in ("commonLabels", "namePrefix", "nameSuffix", "patchesJson6902", "patchesStrategicMerge", "vars"):
            if key in page:
                yield f"{folder.name}: {key} changes selectors or references; use labels, or a patch"
        if any(each.get("includeSelectors") for each in page.get("labels") or ()):
            yield f"{folder.name}: includeSelectors changes selectors, which can never be changed again"
        options = [page.get("generatorOptions") or {}]
        options += [each.get("options") or {} for each in page.get("configMapGenerator") or ()]
        if any(each.get("disableNameSuffixHash") for each in options):
            yield f"{folder.name}: without the name's hash a changed setting reaches no running pod"


def images(environment: Environment) -> Iterator[str]:
    """Require that each image override meets a container, and that each container runs one exact image."""
    wanted = [each for folder in folders(environment.folder) for each in kustomization(folder).get("images") or ()]
    running = [container["image"] for _, container in containers(environment) if "image" in container]
    for each in wanted:
        shown = each.get("newName") or each.get("name")
        if not isinstance(each.get("newTag"), str) or not TAG.fullmatch(each["newTag"]):
            yield f"the tag {each.get('newTag')!r} of {each.get('name')} must be text: quote it"
        if not DIGEST.fullmatch(str(each.get("digest"))):
            yield f"the image {each.get('name')} has no digest of a released image; release one first"
        if not any(image.split("@")[0].rpartition(":")[0] == shown for image in running):
            yield f"no container uses the image {each.get('name')!r}: Kustomize passes over that in silence"
    for owner, container in containers(environment):
        if "@sha256:" not in container.get("image", "@sha256:"):
            yield f"{owner}: the image {container['image']} has no digest; name it under images"


def containers(environment: Environment) -> Iterator[tuple[str, Object]]:
    """Give each container with the name of what makes its pod."""
    for each in environment.objects:
        pod = pod_of(each)
        for container in pod["spec"].get("containers", []) if pod else []:
            yield name(each), container


def no_stray_container(environment: Environment) -> Iterator[str]:
    """Find what a misspelt name in a patch makes: one container more."""
    for owner, container in containers(environment):
        if "image" not in container:
            yield f"{owner}: the container {container.get('name')!r} has no image: its name is misspelt in a patch"


def settings(environment: Environment) -> Iterator[str]:
    """Require that each key that the pods are told is a setting of the service."""
    for key in settings_of(environment.objects):
        if key not in SETTINGS:
            yield f"{key} is no setting of the service; it knows {', '.join(NAMES)}"


def alone(environment: Environment) -> Iterator[str]:
    """Let nothing but the service run where a quota was measured for it: no load test beside real callers."""
    for each in environment.objects if of_kind(environment.objects, "ResourceQuota") else ():
        if (pod := pod_of(each)) and not serves(pod):
            yield f"{name(each)} is not the service, and the quota of this namespace is for nothing else"


def alerts(environment: Environment) -> Iterator[str]:
    """Require that an environment's alerts are about itself, and not about the one that they were copied from."""
    place = str(environment.page.get("namespace"))
    for each in of_kind(environment.objects, "PrometheusRule"):
        rules = [rule for group in each["spec"]["groups"] for rule in group["rules"]]
        if strange := {str(rule["labels"]["namespace"]) for rule in rules} - {place}:
            yield f"{name(each)} tells of the namespace {min(strange)}, not of {place}: make alerts"


def one_owner_of_replicas(environment: Environment) -> Iterator[str]:
    """Let the autoscaler or git say how many pods there are, never both."""
    for scaler in of_kind(environment.objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        found = [e for e in of_kind(environment.objects, target["kind"]) if e["metadata"]["name"] == target["name"]]
        if not found:
            yield f"the autoscaler's target {target['kind']} {target['name']} is not there"
        elif "replicas" in found[0]["spec"]:
            yield f"{name(found[0])} has replicas and an autoscaler: remove replicas from the overlay"


def own_namespace(environment: Environment) -> Iterator[str]:
    """Require one Namespace, made and guarded by the environment itself, and everything in it."""
    place = environment.page.get("namespace")
    found = of_kind(environment.objects, "Namespace")
    if [each["metadata"]["name"] for each in found] != [place]:
        yield f"it must make exactly one Namespace, {place}"
    for each in found:
        labels = each["metadata"].get("labels") or {}
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name(each)} does not enforce the restricted Pod Security level"
        if not re.fullmatch(r"v1\.\d+", str(labels.get("pod-security.kubernetes.io/enforce-version"))):
            yield f"{name(each)} must pin the version of its Pod Security level"
    for each in environment.objects:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") != place:
            yield f"{name(each)} is in another namespace than {place}"


def hardened(environment: Environment) -> Iterator[str]:
    """Require of every pod what the base gives it."""
    for owner, pod in ((name(each), pod_of(each)) for each in environment.objects):
        if pod is None:
            continue
        spec = pod["spec"]
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{owner} gets a token that it does not need"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key):
                yield f"{owner} uses {key}"
        if not (spec.get("securityContext") or {}).get("runAsNonRoot"):
            yield f"{owner} may run as root"
        for container in spec.get("containers", []):
            yield from (f"{owner}: {said}" for said in _hardened_container(container))


def _hardened_container(container: Object) -> Iterator[str]:
    shown, context = container.get("name"), container.get("securityContext") or {}
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{shown} may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{shown} may write to its root"
    if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield f"{shown} keeps capabilities"
    resources: dict[str, Any] = container.get("resources") or {}
    for kind in ("requests", "limits"):
        for what in ("cpu", "memory"):
            if what not in (resources.get(kind) or {}):
                yield f"{shown} has no {kind[:-1]} of {what}"
    probes = [container.get(key) for key in ("readinessProbe", "livenessProbe")]
    if "ports" in container and (None in probes or probes[0] == probes[1]):
        yield f"{shown} needs a readiness and a liveness probe that differ"


def joints(environment: Environment) -> Iterator[str]:
    """Require that what names something names something that is there."""
    pods = [pod for each in environment.objects if (pod := pod_of(each))]
    for each in environment.objects:
        wanted = _selector(each)
        if wanted and not any(wanted.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods):
            yield f"{name(each)} selects no pod"
        labels = (pod_of(each) or {}).get("metadata", {}).get("labels") or {}
        if each["kind"] == "Deployment" and not each["spec"]["selector"]["matchLabels"].items() <= labels.items():
            yield f"{name(each)} does not select its own pods"
    ports = {port.get("name") for _, each in containers(environment) for port in each.get("ports", [])}
    for each in of_kind(environment.objects, "Service"):
        for port in each["spec"]["ports"]:
            if isinstance(port["targetPort"], str) and port["targetPort"] not in ports:
                yield f"{name(each)} leads to the port {port['targetPort']!r}, which no container has"


def _selector(found: Object) -> dict[str, str] | None:
    spec = found.get("spec") or {}
    if found["kind"] == "Service":
        return spec.get("selector")
    if found["kind"] in ("PodDisruptionBudget", "NetworkPolicy"):
        return (spec.get("selector") or spec.get("podSelector") or {}).get("matchLabels")
    return None


RULES: tuple[Callable[[Environment], Iterator[str]], ...] = (
    one_page, plain_kustomize, images, no_stray_container, settings, alone, alerts, one_owner_of_replicas,
    own_namespace, hardened, joints,
)  # fmt: skip
