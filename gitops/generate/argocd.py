"""Argo CD's objects: one project, and one Application for each environment."""

from __future__ import annotations

from gitops.environments import IN_CLUSTER, Environment, Environments
from gitops.generate.yaml_output import Object
from gitops.render.objects import APP
from gitops.rendered_files import FOLDER

NAMESPACE = "argocd"


def project(environments: Environments) -> Object:
    """Return what the Applications may do: this repository, these namespaces, and no other cluster-wide object."""
    return _object(
        "AppProject",
        environments.name,
        {
            "sourceRepos": [environments.repository],
            "destinations": [_destination(each) for each in environments.all],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        },
    )


def application(environments: Environments, environment: Environment, *, autoscaled: bool) -> Object:
    """Return what syncs one environment."""
    spec: Object = {
        "project": environments.name,
        "source": {
            "repoURL": environments.repository,
            "targetRevision": environments.branch,
            "path": f"{FOLDER}/{environment.name}",
        },
        "destination": _destination(environment),
    }
    options = ["ServerSideApply=true"]
    if autoscaled:
        # The number of pods is the autoscaler's: hidden from the diff here, kept on sync by the option.
        replicas = {"group": "apps", "kind": "Deployment", "name": APP, "jsonPointers": ["/spec/replicas"]}
        spec["ignoreDifferences"] = [replicas]
        options.append("RespectIgnoreDifferences=true")
    # An old ConfigMap stays until no running pod needs it.
    options += ["PruneLast=true", "FailOnSharedResource=true"]
    spec["syncPolicy"] = {
        "automated": {"prune": True, "selfHeal": True},
        # With `refresh` a retry takes the newest commit, not once more the one that failed.
        "retry": {"limit": 5, "refresh": True, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
        "syncOptions": options,
    }
    return _object("Application", f"{environments.name}-{environment.name}", spec)


def _destination(environment: Environment) -> Object:
    if environment.cluster == IN_CLUSTER:
        return {"server": "https://kubernetes.default.svc", "namespace": environment.namespace}
    return {"name": environment.cluster, "namespace": environment.namespace}


def _object(kind: str, name: str, spec: Object) -> Object:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
