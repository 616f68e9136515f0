"""Flux's objects: one source, and one Kustomization for each environment."""

from __future__ import annotations

from gitops.environments import IN_CLUSTER, Environment, Environments
from gitops.generate.yaml_output import Object
from gitops.render.objects import APP
from gitops.rendered_files import FOLDER

NAMESPACE = "flux-system"


def source(environments: Environments) -> Object:
    """Return the repository and branch that Flux watches."""
    spec = {"interval": "1m", "url": environments.repository, "ref": {"branch": environments.branch}}
    return _object("source.toolkit.fluxcd.io/v1", "GitRepository", environments.name, spec)


def kustomization(environments: Environments, environment: Environment, *, autoscaled: bool) -> Object:
    """Return what syncs one environment."""
    spec: Object = {
        "interval": "10m",
        "retryInterval": "1m",
        # Longer than the progress deadline of the Deployment.
        "timeout": "5m",
        "sourceRef": {"kind": "GitRepository", "name": environments.name},
        "path": f"./{FOLDER}/{environment.name}",
        "prune": True,
        "wait": True,
        # Deleting this object must not delete what it has deployed.
        "deletionPolicy": "Orphan",
    }
    if environment.cluster != IN_CLUSTER:
        spec["kubeConfig"] = {"secretRef": {"name": environment.cluster}}
    if autoscaled:
        # The number of pods is the autoscaler's. Without a target this would apply to every object.
        target = {"kind": "Deployment", "name": APP}
        spec["ignore"] = [{"target": target, "paths": ["/spec/replicas"]}]
    name = f"{environments.name}-{environment.name}"
    return _object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, spec)


def _object(version: str, kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
