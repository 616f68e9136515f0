"""A Kubernetes API and a scoring service in one small server, as far as the commands ask them."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

NAMESPACE = "mlops-dev"
CONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "%s"}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
users: [{name: a, user: {}}]
current-context: a
"""


KINDS = ("Namespace", "ServiceAccount", "ConfigMap", "Service", "ResourceQuota", "LimitRange", "Secret")
APIS = {"apps/v1": ("Deployment",), "policy/v1": ("PodDisruptionBudget",), "networking.k8s.io/v1": ("NetworkPolicy",)}


class FakeCluster:
    """One ready pod that runs a release; a test changes what it is to get wrong."""

    def __init__(self, digest, manifest):
        self.digest, self.manifest = digest, manifest
        self.available = self.replicas = 2
        self.predictions = list(manifest.golden.predict)
        self.applications, self.kustomizations = None, None
        self.log = "error: no such bundle"
        self.key = ""
        """What scoring needs; empty for nothing."""
        self.applied = []
        """What was applied, as it was rendered."""

    def answer(self, path):
        return self.routes().get(path.partition("?")[0]) or self.live().get(path.partition("?")[0].rstrip("/"))

    def live(self):
        """Return what the API has of what was applied, and how it calls its kinds."""
        found = {}
        for each in self.applied:
            version, kind, meta = each["apiVersion"], each["kind"], each["metadata"]
            prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
            space = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
            name = f"{kind.lower()}s"
            resource = {"name": name, "kind": kind, "namespaced": bool(space)}
            found.setdefault(prefix, {"resources": []})["resources"].append(resource)
            found[f"{prefix}{space}/{name}/{meta['name']}"] = each
        return found

    def routes(self):
        core, apps = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/apps/v1/namespaces/{NAMESPACE}"
        return {
            f"{apps}/deployments/score-app": self.deployment(),
            f"{core}/pods": {"items": [self.pod()]},
            f"{core}/pods/score-app-1/log": self.log,
            f"{core}/events": {"items": []},
            f"{core}/services/score-app": self.service(),
            "/apis/argoproj.io/v1alpha1/applications": self.applications,
            "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations": self.kustomizations,
            "/readyz": {"models": {self.manifest.name: self.manifest.version}},
            f"/v1/models/{self.manifest.name}:predict": {"predictions": self.predictions},
        }

    def deployment(self):
        status = {
            "observedGeneration": 3, "updatedReplicas": self.replicas, "availableReplicas": self.available,
            "replicas": self.replicas,
        }  # fmt: skip
        applied = next((each for each in self.applied if each["kind"] == "Deployment"), {"metadata": {}, "spec": {}})
        spec = {"replicas": self.replicas, "selector": {}, "template": {}} | applied["spec"]
        meta = {"name": "score-app"} | applied["metadata"] | {"generation": 3}
        return applied | {"metadata": meta, "spec": spec, "status": status}

    def pod(self):
        image = {"name": "score-app", "image": "a", "imageID": f"registry/score-app@{self.digest}", "ready": True,
                 "restartCount": 0}  # fmt: skip
        ready = "True" if self.available == self.replicas else "False"
        status = {"conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [image]}
        return {"metadata": {"name": "score-app-1"}, "status": status}

    def service(self):
        applied = next((each for each in self.applied if each["kind"] == "Service"), {})
        return applied | {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}}


class EmptyCluster:
    """A cluster that has none of our objects, and no kind of an operator; a test changes what it is to be."""

    def __init__(self):
        self.minor, self.allowed, self.architecture = "36", True, "amd64"
        self.labels, self.phase, self.others = None, "Active", []

    def answer(self, path):
        node = {"metadata": {"name": "a"}, "spec": {}, "status": {"nodeInfo": {"architecture": self.architecture}}}
        namespace = {"metadata": {"name": "mlops-dev", "labels": self.labels}, "status": {"phase": self.phase}}
        groups = {f"/apis/{name}/": kinds for name, kinds in APIS.items()} | {"/api/v1/": KINDS}
        resources = {name: {"resources": [{"kind": each} for each in kinds]} for name, kinds in groups.items()}
        return resources.get(path.rstrip("/") + "/") or {
            "/version/": {"major": "1", "minor": self.minor},
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {"status": {"allowed": self.allowed}},
            "/api/v1/nodes": {"items": [node]},
            "/api/v1/namespaces/mlops-dev": None if self.labels is None else namespace,
            "/api/v1/namespaces/mlops-dev/pods": {"items": self.others},
        }.get(path.partition("?")[0])  # fmt: skip


def apply(cluster, place):
    """Let a fake cluster have what a repository renders for the first environment."""
    cluster.applied = [
        each
        for path in sorted((place / "rendered" / "dev").glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for each in yaml.safe_load_all(path.read_text())
    ]


def reach(cluster, place):
    """Let the Service of a repository have the port of a fake cluster."""
    page = place / "base" / "service.yaml"
    page.write_text(page.read_text().replace("port: 5000\n", f"port: {cluster.port}\n"))


@contextmanager
def serving(cluster):
    """Serve a fake cluster, and yield the kubeconfig that leads to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = cluster.answer(self.path)
            body = found if isinstance(found, str) else json.dumps(found or {"message": "not found"})
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain" if isinstance(found, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if getattr(cluster, "key", "") not in ("", self.headers["X-API-Key"]):
                self.send_error(401)
            else:
                self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.port, cluster.url = server.server_port, f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield CONFIG % cluster.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
