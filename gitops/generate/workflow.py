"""The environments in the promotion workflow: its two lists of choices, and which targets are reviewed."""

from __future__ import annotations

from gitops.environments import Environments
from gitops.yaml_edit import replace_list, replace_value

INPUTS = ("on", "workflow_dispatch", "inputs")


def updated(text: str, environments: Environments) -> str:
    """Return the workflow with the current environments; everything else stays as it is."""
    text = replace_list(text, (*INPUTS, "source", "options"), environments.names[:-1])
    text = replace_list(text, (*INPUTS, "target", "options"), environments.names[1:])
    reviewed = " ".join(each.name for each in environments.all if each.review)
    return replace_value(text, ("env", "REVIEWED"), reviewed)
