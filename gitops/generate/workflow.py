"""What two workflows take from environments.yaml: the choices of a promotion, and the image of a release."""

from __future__ import annotations

import re

from gitops.environments import Environments
from gitops.yaml_edit import replace_list, replace_value

INPUTS = ("on", "workflow_dispatch", "inputs")


def promoting(text: str, environments: Environments) -> str:
    """Return the promotion workflow with the current environments; everything else stays as it is."""
    text = replace_list(text, (*INPUTS, "source", "options"), environments.names[:-1])
    text = replace_list(text, (*INPUTS, "target", "options"), environments.names[1:])
    reviewed = " ".join(each.name for each in environments.all if each.review)
    return replace_value(text, ("env", "REVIEWED"), reviewed)


def releasing(text: str, environments: Environments) -> str:
    """Return the release workflow with the image that it pushes, and the registry that it logs in to."""
    image = environments.image_repository
    host = image.partition("/")[0]
    # A first part without a dot or a port is no host: the image is on Docker Hub.
    registry = host if re.search(r"[.:]|^localhost$", host) else "docker.io"
    return replace_value(replace_value(text, ("env", "REGISTRY"), registry), ("env", "IMAGE"), image)
