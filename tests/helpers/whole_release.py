"""A repository whose environments have a release, and edits of what a release is made of."""

import json
import tempfile
from functools import cache
from pathlib import Path

import yaml

from tests.helpers.repository import copied, promoted

BASE = "base/kustomization.yaml"
SHIPPED = "rendered/{}/configmap-score-app.yaml"


@cache
def _kept():
    return tempfile.TemporaryDirectory()


def released_everywhere(repository):
    """Return a repository whose first release is verified in every environment: made once in this process."""
    kept, place = Path(_kept().name), repository.place.parent
    if any(kept.iterdir()):
        return copied(kept, place / "everywhere")
    promoted(repository).verified("staging", minutes=31)
    repository.change("promote", "staging", "prod")
    repository.verified("prod")
    copied(place, kept)
    return repository


def edit(repository, path, old, new, *, generate=True):
    page = repository.place / path
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new, 1))
    if generate:
        repository.run("generate")
    repository.commit(f"edit {path}")


def base_edit(repository, size="4m", was="3m"):
    edit(repository, BASE, f"MAX_BODY_SIZE={was}", f"MAX_BODY_SIZE={size}")


def size(repository, environment):
    """Return the limit that an environment ships."""
    return yaml.safe_load((repository.place / SHIPPED.format(environment)).read_text())["data"]["MAX_BODY_SIZE"]


def sizes(repository):
    return [size(repository, each) for each in ("dev", "staging", "prod")]


def rows(repository):
    return {each["environment"]: each for each in json.loads(repository.run("status", "--json").output)}


def component(repository, environment):
    """Add a component of the repository's own, and list it in an environment."""
    new = repository.place / "components" / "own"
    new.mkdir()
    labels = "labels: [{pairs: {own: x}}]"
    text = f"kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n{labels}\n"
    (new / "kustomization.yaml").write_text(text)
    page = repository.overlay(environment)
    page.write_text(page.read_text().replace("components/drain\n", "components/drain\n  - ../../components/own\n"))
    repository.run("generate")
    repository.commit("a component")
