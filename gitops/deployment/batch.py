"""A job that scores files with the release of an environment: rendered, applied, and followed to its end."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import yaml

from gitops.cluster.kubectl import Kubectl
from gitops.cluster.report import Report
from gitops.errors import CheckFailedError, GitopsError
from gitops.mounted import PLACE
from gitops.release import Release
from gitops.render.kustomize import render
from gitops.render.objects import Object, of_kind

FOLDER = "batch"
_POLL_SECONDS = 2.0
_LABEL = "batch.kubernetes.io/job-name"
_KEYS, _KEYS_PLACE = "model-keys", "/etc/score-app-model-keys"


@dataclass(frozen=True)
class VerifiedModel:
    """What an environment scores with: its verified release, and one model of it."""

    release: Release
    model: str
    namespace: str
    image_repository: str
    keys: tuple[tuple[str, str], ...]
    """The files of public keys, one of which must have signed the bundle; none where it needs no signature."""


@dataclass(frozen=True)
class Wanted:
    """What a job is to score, and by how many workers."""

    source: str
    output: str
    workers: int
    image: str
    """The image of the workers, with its tag or digest."""
    options: tuple[str, ...]


def objects(root: Path, verified: VerifiedModel, wanted: Wanted) -> list[Object]:
    """Return the objects of a job; the same job has the same name, and so is never started twice."""
    if not (root / FOLDER / "kustomization.yaml").is_file():
        raise GitopsError(f"there is no folder {FOLDER} in the repository: take it from score-app, or give --root")
    found = render(root / FOLDER)
    for each in found:
        each["metadata"]["namespace"] = verified.namespace
    (job,) = of_kind(found, "Job")
    digest = hashlib.sha256(
        json.dumps([sorted(verified.release.id), verified.model, verified.keys, astuple(wanted)]).encode()
    ).hexdigest()
    job["metadata"]["name"] = f"{job['metadata']['name']}-{digest[:8]}"
    job["spec"] |= {"completions": wanted.workers, "parallelism": wanted.workers}
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    shard = f"--shard=$(WORKER)/{wanted.workers}"
    container |= {
        "image": wanted.image,
        "args": ["score", verified.model, wanted.source, wanted.output, shard, *wanted.options],
    }
    mount = next(each for each in container["volumeMounts"] if each["name"] == "model")
    volume = next(each for each in pod["volumes"] if each["name"] == "model")
    mount["mountPath"] = f"/bundles/{verified.model}"
    volume["image"]["reference"], mount["subPath"] = _bundle(verified)
    if not mount["subPath"]:
        del mount["subPath"]
    return [*found, _with_keys(job, pod, container, verified.keys)] if verified.keys else found


def _with_keys(job: Object, pod: Object, container: Object, keys: tuple[tuple[str, str], ...]) -> Object:
    """Give the workers the keys, so that they refuse what the service would; return the ConfigMap that holds them."""
    name, space = job["metadata"]["name"], job["metadata"]["namespace"]
    container["env"] = [*container["env"], {"name": "MODEL_KEYS", "value": _KEYS_PLACE}]
    container["volumeMounts"].append({"name": _KEYS, "mountPath": _KEYS_PLACE, "readOnly": True})
    pod["volumes"].append({"name": _KEYS, "configMap": {"name": name}})
    metadata = {"name": name, "namespace": space, "labels": job["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(keys)}


def _bundle(verified: VerifiedModel) -> tuple[str, str]:
    """Return the image that has the model's bundle in this release, and where in it."""
    for each in verified.release.models:
        if each.name == verified.model:
            return f"{verified.image_repository}-{verified.model}@{each.digest}", ""
    return f"{verified.image_repository}@{verified.release.digest}", f"{PLACE.lstrip('/')}/{verified.model}"


def run(found: list[Object], kubectl: Kubectl, report: Report, confirm: Callable[[], bool], timeout: float) -> None:
    """Show the objects of a job, apply them once they are confirmed, and wait for its end."""
    (job,) = of_kind(found, "Job")
    name, space = job["metadata"]["name"], job["metadata"]["namespace"]
    state = _state(kubectl, space, name)
    if _condition(state, "Complete"):
        report.write(f"{name}: is done already; kubectl -n {space} delete job {name} lets it run again")
        return
    if _condition(state, "Failed") or not state:
        text = yaml.safe_dump_all(found, sort_keys=False, width=10_000)
        report.write(text.rstrip())
        if not confirm():
            raise GitopsError("not confirmed: nothing was applied")
        if state:
            kubectl.output("delete", "job", name, "-n", space, "--wait", timeout=120)
        _apply(kubectl, text, report)
    _follow(kubectl, space, name, report, timeout)


def _apply(kubectl: Kubectl, text: str, report: Report) -> None:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "batch.yaml"
        file.write_text(text, encoding="utf-8")
        report.write(kubectl.output("apply", "-f", str(file)).rstrip())


def _state(kubectl: Kubectl, space: str, name: str) -> dict[str, Any]:
    """Return a job, empty if it is not there."""
    text = kubectl.output("get", "job", name, "-n", space, "-o", "json", "--ignore-not-found")
    found: dict[str, Any] = json.loads(text) if text.strip() else {}
    return found


def _condition(job: dict[str, Any], kind: str) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def _follow(kubectl: Kubectl, space: str, name: str, report: Report, timeout: float) -> None:
    """Show how far a job is until it ends, and then what came of it."""
    report.left = f"stopped: the job goes on by itself; kubectl -n {space} get job {name} shows it"
    end = monotonic() + timeout
    while True:
        job = _state(kubectl, space, name)
        if not job:
            raise CheckFailedError(f"the job {name} in {space} was deleted while it ran")
        status = job.get("status") or {}
        workers = job["spec"]["completions"]
        report.show(f"{name}: {status.get('succeeded') or 0} of {workers} workers are done")
        if _condition(job, "Complete"):
            report.write(_summary(kubectl, space, name, workers))
            return
        if _condition(job, "Failed"):
            failed = status.get("failedIndexes") or "some"
            reasons = [line for line in _logs(kubectl, space, name) if line.startswith("error: ")]
            reason = reasons[0].removeprefix("error: ") if reasons else f"kubectl -n {space} describe job {name}"
            raise CheckFailedError(f"{name} in {space}: the workers {failed} have failed: {reason}")
        if monotonic() > end:
            raise CheckFailedError(f"{name} in {space}: not done within {timeout:.0f} s; it goes on by itself")
        sleep(_POLL_SECONDS)


def _summary(kubectl: Kubectl, space: str, name: str, workers: int) -> str:
    """Return the summary of the worker that found every part written."""
    found = [line for line in _logs(kubectl, space, name) if line.startswith("scored ")]
    return f"{name}: {found[0]}" if found else f"{name}: all {workers} workers are done"


def _logs(kubectl: Kubectl, space: str, name: str) -> list[str]:
    """Return the last lines of each pod; a pod that has gone has none."""
    done = kubectl.run("logs", "-n", space, "-l", f"{_LABEL}={name}", "--tail=3", "--max-log-requests=1000")
    return done.stdout.splitlines()


def default_image(verified: VerifiedModel) -> str:
    """Return the name under which `make image TARGET=batch` is expected."""
    return f"{verified.image_repository}-{FOLDER}:{verified.release.tag}"
