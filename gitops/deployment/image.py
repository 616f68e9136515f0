"""Build the image of the working tree, and bring it to a cluster: by a registry, or straight into its nodes."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gitops import process, text_files
from gitops.cluster.snapshot import Object
from gitops.deployment.push_failures import push_failure
from gitops.errors import CheckFailedError, GitopsError
from gitops.repository import Repository

NAME = re.compile(r"([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
SOURCES = ("Dockerfile", ".dockerignore", "Makefile", "api", "model", "locks", "loadtest")
"""What an image is made of."""
_NOT_BUILT, _NOT_PUSHED = "the image cannot be built", "the image cannot be pushed"
UNKNOWN = (
    "the image cannot be loaded into this cluster, whose kind is not known: give IMAGE=REGISTRY/NAME, a name that this "
    "machine may push to and the cluster may pull from. Or give LOAD=COMMAND, which gets the name of an image archive "
    "and brings it to every node."
)


@dataclass(frozen=True)
class Pinned:
    """An image exactly as pods are to run it."""

    name: str
    tag: str
    digest: str | None = None
    """None for an image that is on the nodes, and in no registry."""

    def __str__(self) -> str:
        """Return the name as a container has it."""
        return f"{self.name}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True)
class Loader:
    """A way into the nodes of one kind of cluster."""

    cluster: str
    command: tuple[str, ...] | None
    """Gets the name of an image archive; None if the cluster runs on the builder's own images."""


def named(image: str) -> str:
    """Return a name that a builder takes; one without a registry is of this machine only."""
    if not NAME.fullmatch(image):
        raise GitopsError(f"{image!r} is no name of an image: use small letters, as in REGISTRY/NAME, and no tag")
    return image if "/" in image else f"localhost/{image}"


def tag(root: Path, settings: dict[str, str]) -> str:
    """Return a tag that is the same as long as the image's sources are."""
    listed = Repository(root).git("ls-files", "-z", "-co", "--exclude-standard", "--", *SOURCES).split("\0")
    found = hashlib.sha256(repr(sorted(settings.items())).encode())
    for name in sorted(filter(None, set(listed))):
        path = root / name
        if path.is_file():
            found.update(
                f"{name}\0{path.stat().st_mode & 0o111}\0".encode() + hashlib.sha256(path.read_bytes()).digest()
            )
    return f"src-{found.hexdigest()[:12]}"


def loader(context: str, nodes: list[Object], builder: str, load: str | None) -> Loader:
    """Return the way into a cluster, by its context and its nodes."""
    if load:
        return Loader("LOAD", tuple(shlex.split(load)))
    provider = next((str((each.get("spec") or {}).get("providerID")) for each in nodes), "")
    labels = next((each["metadata"].get("labels") or {} for each in nodes), {})
    shared = Path(builder).name == "docker"
    if context.startswith("kind-") or provider.startswith("kind://"):
        return Loader("kind", ("kind", "load", "image-archive", "--name", context.removeprefix("kind-")))
    if context.startswith("k3d-"):
        return Loader("k3d", ("k3d", "image", "import", "--cluster", context.removeprefix("k3d-")))
    if "minikube.k8s.io/name" in labels or context == "minikube":
        profile = labels.get("minikube.k8s.io/name", context)
        return Loader("minikube", ("minikube", "--profile", profile, "image", "load"))
    if shared and re.fullmatch(r"docker-desktop|colima(-.*)?", context):
        return Loader(context, None)
    if provider.startswith("k3s://"):
        return Loader("k3s", ("sudo", "k3s", "ctr", "images", "import"))
    raise GitopsError(UNKNOWN)


def build(root: Path, builder: str, pinned: Pinned, show: Callable[[str], None]) -> None:
    """Build the image with the Makefile's one way."""
    show(f"builds {pinned} with {builder}")
    _require_done(_NOT_BUILT, _make(_NOT_BUILT, root, "image", builder, pinned))


def push(root: Path, builder: str, pinned: Pinned) -> Pinned:
    """Push the image, and return it with its digest."""
    done = _make(_NOT_PUSHED, root, "push", builder, pinned)
    if done.returncode:
        why = push_failure(pinned.name, builder, f"{done.stdout}\n{done.stderr}")
        raise CheckFailedError(f"{_NOT_PUSHED}: {why}; nothing was applied")
    found = re.search(r"sha256:[0-9a-f]{64}", text_files.read(root / "build" / "digest"))
    if not found:
        raise CheckFailedError("the registry gave no digest: build/push.log has what the builder wrote")
    return Pinned(pinned.name, pinned.tag, found.group())


def load(root: Path, builder: str, pinned: Pinned, way: Loader) -> None:
    """Bring the image to the nodes."""
    if way.command is None:
        return
    archive = root / "build" / "image.tar"
    archive.unlink(missing_ok=True)
    for_archive, for_nodes = f"{builder} cannot write the image", f"the image cannot be loaded into {way.cluster}"
    _require_done(for_archive, _run(for_archive, *_save(builder, str(pinned), archive)))
    try:
        _require_done(for_nodes, _run(for_nodes, *way.command, str(archive)))
    finally:
        archive.unlink(missing_ok=True)


def _save(builder: str, name: str, archive: Path) -> tuple[str, ...]:
    """Return how a builder writes an archive; one that is not known gets the name and the file."""
    known = Path(builder).name
    if known in ("docker", "podman"):
        return (builder, "save", "--output", str(archive), name)
    if known == "buildah":
        return (builder, "push", "--quiet", name, f"docker-archive:{archive}:{name}")
    return (builder, "save", name, str(archive))


def _make(problem: str, root: Path, target: str, builder: str, pinned: Pinned) -> process.Done:
    # buildah keeps layers only when told to, and with them the times of an earlier commit: never for a release.
    # The name is in the image: a node that has pulled one asks a registry for the same content of another name, too.
    variables = (
        f"IMAGE={pinned.name}", f"TAG={pinned.tag}", f"REVISION=working-tree:{pinned.name}", f"BUILDER={builder}",
        "BUILDAH_LAYERS=true",
    )  # fmt: skip
    return _run(problem, "make", "--no-print-directory", "-C", str(root), target, *variables)


def _run(problem: str, *command: str) -> process.Done:
    try:
        return process.run(*command)
    except OSError as error:
        raise GitopsError(f"{problem}: {command[0]}: {error.strerror}; install it, or give LOAD=COMMAND") from None


def _require_done(problem: str, done: process.Done) -> None:
    """Raise with the last errors that a program printed, if it failed."""
    if done.returncode:
        lines = [each.strip() for each in (done.stdout + "\n" + done.stderr).splitlines() if each.strip()]
        wrong = [each for each in lines if "rror" in each and "make" not in each.split(":")[0]] or lines
        raise CheckFailedError(f"{problem}: {' | '.join(wrong[-3:])[:600]}; nothing was applied")
