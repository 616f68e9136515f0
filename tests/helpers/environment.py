"""The environment variables of the tests: a new user's, whoever runs them."""

import os

from api.settings import NAMES

# What a user's own shell, git and cluster settings would change in a test.
FOREIGN = {*NAMES, "COLUMNS", "FORCE_COLOR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "NO_COLOR"}
NEUTRAL = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "KUBECONFIG": os.devnull,
    # As the server has it; with more, the threads of several workers spin and take each other's time.
    "OMP_NUM_THREADS": "1",
}  # fmt: skip
USER_ENVIRONMENT = {}
"""What was replaced, for the tests that need the user's own cluster."""


def isolate():
    """Remove what the user has set, unless it is removed already."""
    if USER_ENVIRONMENT:
        return
    for name in {*FOREIGN, *NEUTRAL, *(name for name in os.environ if name.startswith("OTEL_"))}:
        USER_ENVIRONMENT[name] = os.environ.pop(name, None)
    os.environ.update(NEUTRAL)


def restore():
    """Set again what the user had: KUBECONFIG above all."""
    for name, value in USER_ENVIRONMENT.items():
        os.environ.pop(name, None)
        os.environ.update({name: value} if value is not None else {})
    USER_ENVIRONMENT.clear()
