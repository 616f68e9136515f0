"""Each wrong value, written into a copy: the check names the file, the key, and what is right."""

import json
import re
import shutil

import pytest

from tests.helpers.manifests import ENVIRONMENTS, ROOT
from tests.manifests.test_rules import edit

FIRST = f"overlays/{ENVIRONMENTS[0]}/kustomization.yaml"
BASE, SETTINGS = "base/deployment.yaml", "base/kustomization.yaml"
ALLOW = "components/network-policy/allow.yaml"


def both(*edits):
    def spring(tree):
        for each in edits:
            each(tree)

    return spring


def literal(text):
    """Add a setting to the first environment's overlay."""
    return edit(FIRST, "    literals:\n", f"    literals:\n      - {text}\n")


WRONG = {
    "a size that is none": (
        edit(SETTINGS, "MAX_BODY_SIZE=3m", "MAX_BODY_SIZE=3gigs"),
        rf"{SETTINGS}: MAX_BODY_SIZE '3gigs': must be a number of bytes, such as 500000, 512k or 16m",
    ),
    "a level that is none": (literal("LOG_SAMPLE_RATE=2"), rf"{FIRST}: LOG_SAMPLE_RATE '2': must be a number from"),
    "a model that is not in the image": (
        edit(SETTINGS, "MODEL=iris", "MODEL=irsi"),
        rf"{SETTINGS}: MODEL names 'irsi', and the image has churn, echo, iris, .*: name one of these, or build",
    ),
    "a probe of a path that is not answered": (
        edit(BASE, "path: /readyz", "path: /raedyz"),
        rf"{BASE}: Deployment score-app: startupProbe.httpGet.path is '/raedyz', which the service does not answer",
    ),
    "a probe of a port that no container has": (
        edit(BASE, "path: /livez\n              port: admin", "path: /livez\n              port: admn"),
        rf"{BASE}: Deployment score-app: livenessProbe.httpGet.port is 'admn', .*: use one of http \(5000\), admin",
    ),
    "a port where nobody listens": (
        edit(BASE, "containerPort: 5000", "containerPort: 8080"),
        "httpGet.port 'http' is 8080, where the service does not listen: use 5000 or 9000",
    ),
    "a path of the other port": (
        edit(BASE, "path: /livez", "path: /readyz"),
        "livenessProbe.httpGet.path is '/readyz', which the service does not answer on 9000: use /livez",
    ),
    "a hook of a path that is not answered": (
        edit("components/drain/drain.yaml", "path: /drain", "path: /drian"),
        "components/drain/drain.yaml: Deployment score-app: lifecycle.preStop.httpGet.path is '/drian'",
    ),
    "a request above its limit": (
        edit(BASE, "cpu: 250m", "cpu: 2500m"),
        rf"{BASE}: Deployment score-app: resources.requests.cpu is 2500m, above limits.cpu, 2: no pod would start",
    ),
    "a quantity that is none": (
        edit(BASE, "memory: 256Mi", "memory: 256MB"),
        rf"{BASE}: Deployment score-app: resources.limits.memory is '256MB', which is no quantity: use one such as",
    ),
    "a number of pods in words": (
        both(
            edit(BASE, "replicas: 2", "replicas: two"),
            lambda tree: (tree / FIRST).write_text(re.sub(r"replicas:\n.*\n.*\n", "", (tree / FIRST).read_text())),
        ),
        rf"{BASE}: Deployment score-app: spec.replicas is 'two': use a whole number, such as 2",
    ),
    "bounds in the wrong order": (
        edit("components/autoscaling/autoscaler.yaml", "minReplicas: 3", "minReplicas: 30"),
        "components/autoscaling/autoscaler.yaml: HorizontalPodAutoscaler score-app: spec.minReplicas 30 is above",
    ),
    "a policy that keeps callers out": (
        both(edit(ALLOW, "    - ports:\n        - port: http\n  egress", "    - ports:\n        - port: 80\n  egress"),
             edit("components/monitoring/allow.yaml", "    - ports:\n        - port: http\n", "")),
        "NetworkPolicy .* lets nobody in on the port http, so that callers cannot reach score-app: add a rule",
    ),
    "a policy that keeps Prometheus out": (
        edit("components/monitoring/allow.yaml", "        - port: admin", "        - port: metrics"),
        "NetworkPolicy .* lets nobody in on the port admin, so that Prometheus cannot reach",
    ),
}  # fmt: skip


@pytest.fixture
def whole(tree):
    """Return the copy with its bundles."""
    shutil.copytree(ROOT / "model" / "bundles", tree / "model" / "bundles")
    return tree


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_named(wrong, whole, check):
    spring, message = WRONG[wrong]
    spring(whole)
    done = check()
    assert done.exit_code == 1, done.output
    assert re.search(message, done.output), done.output


def test_good_values_of_every_kind_pass(whole, check_generated):
    literal("MODEL=iris,churn")(whole)
    literal("MAX_ROWS=1000")(whole)
    edit(FIRST, "components:\n", "components:\n  - ../../components/api-key\n")(whole)
    edit(BASE, "port: admin\n            periodSeconds: 10", "port: 9000\n            periodSeconds: 10")(whole)
    edit(ALLOW, "        - port: http\n  egress", "        - port: 5000\n  egress")(whole)
    done = check_generated()
    assert done.exit_code == 0, done.output


def test_an_image_that_was_adopted_by_hand_is_refused(whole, check):
    digest = re.search(r"sha256:[0-9a-f]{64}", (whole / FIRST).read_text()).group()
    entry = {
        "time": "2026-01-01T00:00:00+00:00",
        "action": "release",
        "tag": "0.1.0",
        "digest": digest,
        "commit": "0" * 40,
    }
    (whole / "promotions").mkdir()
    ledger = whole / "promotions" / f"{ENVIRONMENTS[0]}.jsonl"
    ledger.write_text(json.dumps(entry))
    assert check().exit_code == 0, check().output
    ledger.write_text(json.dumps(entry | {"digest": f"sha256:{'5' * 64}"}))
    done = check()
    assert done.exit_code == 1
    assert f'{FIRST}: images names 0.1.0@{digest[:19]}, which no command has set: write newTag "0.1.0"' in done.output
    assert f"then python -m gitops release 0.1.0@{digest}" in done.output
