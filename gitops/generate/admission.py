"""The cluster lets only our own images run in these namespaces, each by its digest (Kubernetes 1.30 or newer)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gitops.environments import Environment, Environments
from gitops.generate.yaml_output import Object
from gitops.render.objects import containers_of, full_name, pod_of
from gitops.rules.overlay import Overlay

API = "admissionregistration.k8s.io/v1"
_DIGEST = "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def pattern(environments: Environments) -> str:
    """Return what an image must match: our repository, or one beside it with a suffix, or a further one; a digest."""
    own = f"{_literal(environments.image_repository)}(-[a-z0-9._-]+)?"
    return f"^({'|'.join([own, *map(_literal, environments.admits)])}){_DIGEST}$"


def is_admitted(environments: Environments, image: str) -> bool:
    """Return whether the policy lets an image run."""
    return bool(re.fullmatch(pattern(environments), image))


def not_admitted(environments: Environments, overlays: Iterable[Overlay]) -> Iterator[str]:
    """Yield each image that an environment ships and that its own cluster would refuse."""
    for overlay in (each for each in overlays if each.environment.admission):
        for owner, image in _shipped(overlay):
            if not is_admitted(environments, image):
                yield (
                    f"{overlay.name}: {owner}: clusters/admission.yaml lets no image {image} run: push it as "
                    f"{environments.image_repository}-NAME, or list its repository under admits in environments.yaml"
                )


def _shipped(overlay: Overlay) -> Iterator[tuple[str, str]]:
    for each in overlay.objects:
        spec = (pod_of(each) or {}).get("spec") or {}
        for container in containers_of(spec):
            yield full_name(each), str(container.get("image"))
        for volume in (each for each in spec.get("volumes") or () if "image" in each):
            yield full_name(each), str(volume["image"].get("reference"))


def policy(environments: Environments, members: Iterable[Environment]) -> list[Object]:
    """Return the objects for these environments of one cluster."""
    name = f"{environments.name}-images"
    where = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [each.namespace for each in members]}
    pods = {
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }  # fmt: skip
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [pods]},
        "variables": [
            {"name": "images", "expression": _images("object")},
            # A pod that ran before keeps its images: otherwise it could not even be deleted.
            {"name": "before", "expression": f"request.operation == 'UPDATE' ? {_images('oldObject')} : []"},
            {
                "name": "wrong",
                "expression": "variables.images.filter(i, !(i in variables.before) && "
                f"!i.matches('{pattern(environments)}'))",
            },
        ],
        "validations": [{"expression": "size(variables.wrong) == 0", "messageExpression": _message(environments)}],
    }
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchExpressions": [where]}},
    }
    return [
        _object("ValidatingAdmissionPolicy", name, spec),
        _object("ValidatingAdmissionPolicyBinding", name, binding),
    ]


def _literal(repository: str) -> str:
    """Return a repository as a regular expression that needs no backslash."""
    return repository.replace(".", "[.]")


def _images(pod: str) -> str:
    """Return an expression for every image of a pod: of its containers, and of its volumes."""
    lists = [
        f"(has({pod}.spec.{each}) ? {pod}.spec.{each}.map(c, has(c.image) ? c.image : '') : [])" for each in _CONTAINERS
    ]
    volumes = f"{pod}.spec.volumes.filter(v, has(v.image)).map(v, has(v.image.reference) ? v.image.reference : '')"
    return " + ".join([*lists, f"(has({pod}.spec.volumes) ? {volumes} : [])"])


def _message(environments: Environments) -> str:
    own = environments.image_repository
    allowed = ", ".join([own, f"{own}-NAME", *environments.admits])
    return (
        f"'only images of {allowed} may run in ' + request.namespace + ', each by digest (@sha256:...), but not ' + "
        "variables.wrong.join(', ') + ': push it there, and name it by tag and digest; "
        "python -m gitops release or promote does that for the service'"
    )


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}
