"""The Kubernetes API, as far as deploying and verifying an environment needs it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from yaml import YAMLError

from gitops.cluster import snapshot
from gitops.cluster.snapshot import Object, Snapshot
from gitops.errors import GitopsError

_SECONDS = 15
_RAW: dict[str, Any] = {"_preload_content": False, "_request_timeout": _SECONDS}
UNREADABLE = (ConfigException, YAMLError, ValueError, TypeError, LookupError, AttributeError)


@dataclass
class Cluster:
    """One namespace of the cluster that KUBECONFIG points to."""

    namespace: str
    context: str | None = None

    def __post_init__(self) -> None:
        """Read KUBECONFIG."""
        try:
            # The library's own default is read once, when it is imported.
            self._api: Any = config.new_client_from_config(os.environ.get("KUBECONFIG"), self.context)  # type: ignore[no-untyped-call]
        except UNREADABLE as error:
            raise GitopsError(f"no cluster is configured: {' '.join(str(error).split())[:200]}") from None
        self._known: dict[str, list[Object] | None] = {}
        self._core: Any = client.CoreV1Api(self._api)
        self._apps: Any = client.AppsV1Api(self._api)
        self._custom: Any = client.CustomObjectsApi(self._api)

    @property
    def server(self) -> str:
        """Return the address of the API server."""
        return str(self._api.configuration.host)

    def version(self) -> tuple[int, int]:
        """Return the version of the API server."""
        versions: Any = client.VersionApi(self._api)
        found = json.loads(versions.get_code(**_RAW).data)
        return int(found["major"]), int("".join(filter(str.isdigit, found["minor"])))

    def may(self, verb: str, group: str, resource: str, subresource: str = "") -> bool:
        """Return whether this account may do something in the namespace."""
        attributes = {"namespace": self.namespace, "verb": verb, "group": group, "resource": resource}
        if subresource:
            attributes["subresource"] = subresource
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes}}  # fmt: skip
        reviews: Any = client.AuthorizationV1Api(self._api)
        answer = reviews.create_self_subject_access_review(body, **_RAW)
        return bool(json.loads(answer.data)["status"]["allowed"])

    def kinds(self, api_version: str) -> set[str] | None:
        """Return the kinds of an API group's version, or None if the cluster does not have it."""
        found = self._resources(api_version)
        return None if found is None else {each["kind"] for each in found}

    def read(self, wanted: Object) -> Object | None:
        """Return an object as the cluster has it, or None if it is not there."""
        version, meta = str(wanted["apiVersion"]), wanted["metadata"]
        known = [
            each
            for each in self._resources(version) or ()
            if each["kind"] == wanted["kind"] and "/" not in each["name"]
        ]
        if not known:
            return None
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        space = f"/namespaces/{meta['namespace']}" if known[0]["namespaced"] else ""
        path = f"{prefix}{space}/{known[0]['name']}/{meta['name']}"
        # The typed calls of the library know no kind that comes from elsewhere, and the others no core kind.
        request = self._api.param_serialize("GET", path, auth_settings=["BearerToken"])
        answer = self._api.call_api(*request, _request_timeout=_SECONDS)
        content = answer.read()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise ApiException(http_resp=answer)
        live: Object = json.loads(content)
        return live

    def _resources(self, api_version: str) -> list[Object] | None:
        """Return what the cluster calls the kinds of an API group's version; it is asked once."""
        if api_version not in self._known:
            self._known[api_version] = self._discovered(api_version)
        return self._known[api_version]

    def _discovered(self, api_version: str) -> list[Object] | None:
        group, _, version = api_version.rpartition("/")
        try:
            found = (
                self._custom.get_api_resources(group, version, **_RAW)
                if group
                else self._core.get_api_resources(**_RAW)
            )
        except ApiException as error:
            if error.status != 404:
                raise
            return None
        resources: list[Object] = json.loads(found.data)["resources"]
        return resources

    def nodes(self) -> list[Object]:
        """Return the nodes; none if this account may not see them."""
        try:
            found: list[Object] = json.loads(self._core.list_node(**_RAW).data)["items"]
        except ApiException as error:
            if error.status != 403:
                raise
            return []
        return found

    def own_namespace(self) -> Object | None:
        """Return the namespace, or None if there is none."""
        try:
            found: Object = json.loads(self._core.read_namespace(self.namespace, **_RAW).data)
        except ApiException as error:
            if error.status != 404:
                raise
            return None
        return found

    def all_pods(self) -> list[Object]:
        """Return all pods of the namespace."""
        found: list[Object] = json.loads(self._core.list_namespaced_pod(self.namespace, **_RAW).data)["items"]
        return found

    def snapshot(self, name: str, app: str) -> Snapshot:
        """Return what the namespace shows of a Deployment, whose pods have the label `app`."""
        deployment = json.loads(self._apps.read_namespaced_deployment(name, self.namespace, **_RAW).data)
        listed = self._core.list_namespaced_pod(self.namespace, label_selector=f"app={app}", **_RAW)
        found = Snapshot(
            self.namespace,
            deployment,
            json.loads(listed.data)["items"],
            json.loads(self._core.list_namespaced_event(self.namespace, **_RAW).data)["items"],
        )
        for pod in found.newest:
            if not snapshot.is_ready(pod) and (snapshot.has_ended(pod) or snapshot.repeated_probe_failures(found, pod)):
                found.logs[snapshot.name_of(pod)] = self._last_lines(pod)
        return found

    def _last_lines(self, pod: Object) -> list[str]:
        """Return how the log of a pod ends: of the container before if one runs again, as far as the node has it."""
        again = any("running" in (each.get("state") or {}) for each in snapshot.containers(pod))
        previous = again and snapshot.has_ended(pod)
        return self._log(pod, previous=previous) or self._log(pod, previous=not previous)

    def _log(self, pod: Object, *, previous: bool) -> list[str]:
        try:
            log = self._core.read_namespaced_pod_log(
                snapshot.name_of(pod), self.namespace, tail_lines=5, previous=previous, **_RAW
            )
        except ApiException:
            return []
        lines: list[str] = log.data.decode(errors="replace").splitlines()
        return [each for each in lines if not each.startswith("unable to retrieve container logs")]

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
