"""Questions about rendered Kubernetes objects."""

from __future__ import annotations

from typing import Any

import yaml

APP = "score-app"
"""The name of the Deployment and the Service, and the label `app` of the service's pods."""
Object = dict[str, Any]
_C_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, which takes a tenth of the time; but it ends the process where values are nested in 20,000 others."""
_SAFE_DEPTH = 5_000


def parse(rendered: str) -> list[Object]:
    """Return the objects of rendered YAML."""
    return [each for each in yaml.load_all(rendered, Loader=safe_loader(rendered)) if each]


def safe_loader(text: str) -> Any:
    """Return what reads a text as YAML: libyaml, unless values may be nested too deeply for it."""
    # Each level that is not in brackets begins further right on its line.
    deepest = max(map(len, text.splitlines()), default=0) + text.count("[") + text.count("{")
    return _C_LOADER if deepest < _SAFE_DEPTH else yaml.SafeLoader


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Return the objects of a kind."""
    return [each for each in objects if each.get("kind") == kind]


def full_name(found: Object) -> str:
    """Return the kind and name of an object."""
    return f"{found.get('kind')} {found.get('metadata', {}).get('name')}"


def pod_of(found: Object) -> Object | None:
    """Return the pod template of an object, if it has one."""
    spec = found.get("spec") or {}
    if found.get("kind") == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template") if isinstance(spec, dict) else None
    return template if isinstance(template, dict) and "spec" in template else None


def containers_of(spec: Object) -> list[Object]:
    """Return the containers of a pod, those that start before the others among them."""
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def is_service_pod(pod: Object) -> bool:
    """Return whether the Service selects this pod."""
    return bool((pod["metadata"].get("labels") or {}).get("app") == APP)


def settings_of(objects: list[Object]) -> dict[str, str | None]:
    """Return the environment variables of the service's pods; None for a value that only the cluster has."""
    config = {each["metadata"]["name"]: each.get("data") or {} for each in of_kind(objects, "ConfigMap")}
    found: dict[str, str | None] = {}
    for pod in (pod for each in of_kind(objects, "Deployment") if (pod := pod_of(each)) and is_service_pod(pod)):
        for container in pod["spec"].get("containers", []):
            for source in container.get("envFrom") or ():
                found |= config.get(source.get("configMapRef", {}).get("name"), {})
            found |= {each["name"]: each.get("value") for each in container.get("env") or ()}
    return found
