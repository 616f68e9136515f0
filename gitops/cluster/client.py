"""The Kubernetes API, as far as verifying an environment needs it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from yaml import YAMLError

from gitops.errors import GitopsError


@dataclass
class Cluster:
    """One namespace of the cluster that KUBECONFIG points to."""

    namespace: str

    def __post_init__(self) -> None:
        """Read KUBECONFIG."""
        try:
            # The library's own default is read once, when it is imported.
            config.load_kube_config(os.environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
        except (ConfigException, YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise GitopsError(f"no cluster is configured: {' '.join(str(error).split())[:200]}") from None
        self._core: Any = client.CoreV1Api()
        self._apps: Any = client.AppsV1Api()
        self._custom: Any = client.CustomObjectsApi()

    def deployment(self, name: str) -> Any:
        """Return a Deployment."""
        return self._apps.read_namespaced_deployment(name, self.namespace)

    def pods(self, app: str) -> list[Any]:
        """Return the pods that are not being deleted."""
        found = self._core.list_namespaced_pod(self.namespace, label_selector=f"app={app}").items
        return [each for each in found if each.metadata.deletion_timestamp is None]

    def address(self, name: str) -> str | None:
        """Return the external address and first port of a Service, or None until it has one."""
        service = self._core.read_namespaced_service(name, self.namespace)
        entries = service.status.load_balancer.ingress or []
        return f"http://{entries[0].ip or entries[0].hostname}:{service.spec.ports[0].port}" if entries else None

    def diagnosis(self, app: str) -> list[str]:
        """Return the last log lines of pods that are not ready, and the last warnings."""
        lines = []
        for pod in self.pods(app):
            if is_ready(pod):
                continue
            try:
                log = self._core.read_namespaced_pod_log(pod.metadata.name, self.namespace, tail_lines=5)
                lines += [f"{pod.metadata.name}: {line}" for line in log.splitlines()]
            except ApiException as error:
                lines.append(f"{pod.metadata.name}: no log ({error.reason})")
        events = self._core.list_namespaced_event(self.namespace, field_selector="type=Warning").items
        latest = sorted(events, key=lambda each: str(each.last_timestamp or each.event_time))[-5:]
        return lines + [f"{each.involved_object.name}: {each.reason}: {each.message}" for each in latest]

    def custom_objects(self, group: str, version: str, plural: str) -> list[dict[str, Any]]:
        """Return all objects of a kind in all namespaces; none if the cluster does not know the kind."""
        try:
            found: list[dict[str, Any]] = self._custom.list_cluster_custom_object(group, version, plural)["items"]
        except ApiException as error:
            if error.status != 404:
                raise
            return []
        return found


def is_ready(pod: Any) -> bool:
    """Return whether a pod is ready."""
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])
