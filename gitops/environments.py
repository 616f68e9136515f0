"""The environments, in the order in which a release moves: environments.yaml, validated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops import fields, text_files
from gitops.errors import GitopsError
from monitoring.slo import Slo

FILE = Path("environments.yaml")
IN_CLUSTER = "in-cluster"
"""Argo CD's own name for the cluster that it runs in."""
_KEYS = {"name", "namespace", "cluster", "local_settings", "soak", "review", "admission", "slo"}


@dataclass(frozen=True)
class Environment:
    """One environment, and what a release must have passed to reach it."""

    name: str
    namespace: str
    cluster: str = IN_CLUSTER
    """The cluster's name in Argo CD; for Flux, the Secret with its kubeconfig."""
    local_settings: tuple[str, ...] = ()
    """Settings that are not promoted; every other one must also be set in the next environment."""
    soak: int = 0
    """Seconds for which the previous environment must have been verified."""
    review: bool = False
    """Whether the promotion workflow opens a pull request instead of a commit."""
    admission: bool = False
    """Whether the cluster lets only our images run there, by digest."""
    slo: Slo | None = None


@dataclass(frozen=True)
class Environments:
    """All environments in order, and what they share."""

    name: str
    """The name of the controllers' objects and of the cluster-wide rights, which other applications must not share."""
    prefix: str
    """What the namespaces of new environments begin with."""
    image: str
    image_repository: str
    """Where the image is pulled from, without a tag."""
    repository: str
    former_names: tuple[str, ...]
    """What earlier owners called the image, the repository and themselves."""
    branch: str
    prometheus_release: str
    signers: str
    """The file of those who may sign records, as SSH has it; empty if nobody need sign."""
    admits: tuple[str, ...]
    """Further repositories whose images may run where admission is on."""
    all: tuple[Environment, ...]

    @property
    def names(self) -> list[str]:
        """Return the names in order."""
        return [each.name for each in self.all]

    @property
    def repository_secret(self) -> str:
        """Return the name of the Secret with which a controller reads a private repository."""
        return f"{self.name}-repository"

    def index(self, name: str) -> int:
        """Return the position of an environment in the order."""
        if name not in self.names:
            raise GitopsError(f"there is no environment {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def get(self, name: str) -> Environment:
        """Return an environment by its name."""
        return self.all[self.index(name)]


def load(root: Path) -> Environments:
    """Read the environments of a repository."""
    path = root / FILE
    try:
        found = fields.mapping("it", yaml.safe_load(text_files.read(path)))
        release = found.get("prometheus_release", "prometheus-stack")
        return Environments(
            name=fields.text("name", found["name"], fields.NAME),
            prefix=fields.text("prefix", found["prefix"], fields.NAME),
            image=fields.text("image", found["image"], fields.IMAGE),
            image_repository=fields.text("image_repository", found["image_repository"], fields.REPOSITORY),
            repository=fields.text("repository", found["repository"], fields.ADDRESS),
            former_names=tuple(
                fields.text("former_names", each, fields.ADDRESS)
                for each in fields.sequence("former_names", found["former_names"])
            ),
            branch=fields.text("branch", found.get("branch", "main"), fields.BRANCH),
            prometheus_release=fields.text("prometheus_release", release, fields.NAME),
            signers=fields.text("signers", found["signers"], fields.PATH) if "signers" in found else "",
            admits=tuple(
                fields.text("admits", each, fields.REPOSITORY)
                for each in fields.sequence("admits", found.get("admits") or [])
            ),
            all=_all(found["environments"]),
        )
    except OSError as error:
        raise GitopsError(
            f"{path}: cannot be read ({error.strerror}); run this in the repository, or name it by --root"
        ) from None
    except KeyError as error:
        raise GitopsError(f"{FILE}: {error.args[0]} is missing") from None
    except RecursionError:
        raise GitopsError(f"{FILE}: it is nested too deeply") from None
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise GitopsError(f"{FILE}: {' '.join(str(error).split())}") from None


def _all(found: Any) -> tuple[Environment, ...]:
    listed = fields.sequence("environments", found)
    environments = tuple(_environment(fields.mapping("an environment", each)) for each in listed)
    if not environments:
        raise ValueError("it lists no environment")
    for key in ("name", "namespace"):
        values = [getattr(each, key) for each in environments]
        if repeated := [value for value in values if values.count(value) > 1]:
            raise ValueError(f"the {key} {repeated[0]} is used twice")
    return environments


def _environment(found: dict[str, Any]) -> Environment:
    name, namespace = str(found["name"]), str(found["namespace"])
    if unknown := set(found) - _KEYS:
        raise ValueError(f"{name}: {min(unknown)} is not known; there are {', '.join(sorted(_KEYS))}")
    for value in (name, namespace, cluster := str(found.get("cluster", IN_CLUSTER))):
        if not fields.NAME.fullmatch(value):
            raise ValueError(f"{value!r} is no name: use a to z, 0 to 9 and -")
    return Environment(
        name,
        namespace,
        cluster,
        local_settings=tuple(
            fields.text("local_settings", each, fields.SETTING)
            for each in fields.sequence("local_settings", found.get("local_settings") or [])
        ),
        soak=fields.seconds(str(found.get("soak", "0s"))),
        review=fields.flag(f"{name}: review", found.get("review", False)),
        admission=fields.flag(f"{name}: admission", found.get("admission", False)),
        slo=fields.objectives(name, namespace, found["slo"]) if "slo" in found else None,
    )
