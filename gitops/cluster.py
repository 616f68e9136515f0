"""What the cluster says of one environment, asked through its API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException

from gitops.errors import GitopsError

ARGO = ("argoproj.io", "v1alpha1", "applications")
FLUX = ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations")


@dataclass
class Cluster:
    """One namespace of the cluster that KUBECONFIG points to."""

    namespace: str

    def __post_init__(self) -> None:
        """Read KUBECONFIG."""
        try:
            config.load_kube_config()  # type: ignore[no-untyped-call]
        except ConfigException as error:
            raise GitopsError(f"no cluster to ask: {' '.join(str(error).split())[:200]}") from None
        self._core: Any = client.CoreV1Api()
        self._apps: Any = client.AppsV1Api()
        self._custom: Any = client.CustomObjectsApi()

    def deployment(self, name: str) -> Any:
        """Return a Deployment."""
        return self._apps.read_namespaced_deployment(name, self.namespace)

    def pods(self, app: str) -> list[Any]:
        """Return the pods that are there to stay."""
        found = self._core.list_namespaced_pod(self.namespace, label_selector=f"app={app}").items
        return [each for each in found if each.metadata.deletion_timestamp is None]

    def address(self, name: str) -> str | None:
        """Return the external address of a Service with its first port, once it has one."""
        service = self._core.read_namespaced_service(name, self.namespace)
        entries = service.status.load_balancer.ingress or []
        return f"http://{entries[0].ip or entries[0].hostname}:{service.spec.ports[0].port}" if entries else None

    def why(self, app: str) -> list[str]:
        """Return the last log lines and warnings of pods that are not well."""
        said = []
        for pod in self.pods(app):
            if ready(pod):
                continue
            try:
                log = self._core.read_namespaced_pod_log(pod.metadata.name, self.namespace, tail_lines=5)
                said += [f"{pod.metadata.name}: {line}" for line in log.splitlines()]
            except ApiException as error:
                said.append(f"{pod.metadata.name}: no log ({error.reason})")
        events = self._core.list_namespaced_event(self.namespace, field_selector="type=Warning").items
        latest = sorted(events, key=lambda each: str(each.last_timestamp or each.event_time))[-5:]
        return said + [f"{each.involved_object.name}: {each.reason}: {each.message}" for each in latest]

    def controllers(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what syncs this path, Argo CD's Applications and Flux's Kustomizations."""
        found = []
        for kind, (group, version, plural) in (("Argo CD", ARGO), ("Flux", FLUX)):
            try:
                items = self._custom.list_cluster_custom_object(group, version, plural)["items"]
            except ApiException as error:
                if error.status != 404:
                    raise
                continue
            for item in items:
                spec = item["spec"]
                where = spec.get("source", {}).get("path") if kind == "Argo CD" else spec.get("path")
                if where and where.strip("./") == path:
                    found.append((kind, item))
        return found


def ready(pod: Any) -> bool:
    """Tell whether a pod is ready."""
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])
