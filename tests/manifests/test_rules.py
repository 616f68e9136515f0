"""Each mistake that Kustomize ignores, made in a copy: the check names it, and the copy without it passes."""

import re

import pytest

from tests.helpers.repository import git

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def edit(path, old, new):
    def spring(tree):
        file = tree / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))

    return spring


def patch(path, text, target=""):
    def spring(tree):
        (tree / path / "more.yaml").write_text(text)
        page = tree / path / "kustomization.yaml"
        page.write_text(page.read_text() + f"patches:\n  - path: more.yaml\n{target}")

    return spring


def container(name, **fields):
    lines = "".join(f"          {key}: {value}\n" for key, value in fields.items())
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: score-app\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: {name}\n{lines}"
    )


DEV, PROD, BASE = "overlays/dev/kustomization.yaml", "overlays/prod/kustomization.yaml", "base/deployment.yaml"
MISSED = "    target:\n      kind: Deployment\n      name: misspelt\n"


def move(old, new):
    """Return what moves a folder of the copy, and leaves a link in its place."""

    def change(tree):
        (tree / old).rename(tree / new)
        (tree / old).symlink_to(tree / new)

    return change


def shared(tree):
    """Let base include a folder beside it."""
    (tree / "shared").mkdir()
    (tree / "shared" / "kustomization.yaml").write_text("resources: []\nconfigMapGenerator:\n  - name: shared\n")
    edit("base/kustomization.yaml", "resources:\n", "resources:\n  - ../shared\n")(tree)


def fetched(tree):
    """Let base include a folder of another repository."""
    place = tree.with_name("library")
    place.mkdir()
    (place / "kustomization.yaml").write_text("configMapGenerator:\n  - name: shared\n")
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    git(place, "-c", "user.name=Someone", "-c", "user.email=someone@example.org", "commit", "-q", "-m", "shared")
    edit("base/kustomization.yaml", "resources:\n", f"resources:\n  - file://{place}/.git?ref=main\n")(tree)


def transformed(tree):
    """Let base be changed by what stands in a folder beside it."""
    (tree / "shared").mkdir()
    labels = "apiVersion: builtin\nkind: LabelTransformer\nmetadata:\n  name: team\nlabels:\n  team: a\n"
    (tree / "shared" / "labels.yaml").write_text(labels + "fieldSpecs:\n  - path: metadata/labels\n    create: true\n")
    (tree / "shared" / "kustomization.yaml").write_text("resources:\n  - labels.yaml\n")
    edit("base/kustomization.yaml", "resources:\n", "transformers:\n  - ../shared\nresources:\n")(tree)


TRAPS = {
    "a transformer": (transformed, "dev: base: transformers may include what no release brings along"),
    "another repository": (fetched, "dev: base: it fetches file:.*, which no release brings along: copy it to base or"),
    "a folder beside base": (shared, "dev: it includes shared, which no release brings along: move it into base or"),
    "a component elsewhere": (move("components/drain", "drain"), "prod: it includes drain, which no release brings"),
    "a base elsewhere": (move("base", "real"), "staging: it includes real, which no release brings along"),
    "a patch whose target matches nothing": (
        patch("overlays/dev", container("score-app", workingDir="/app"), MISSED),
        "a patch with a target is ignored",
    ),
    "a patch that names no object": (patch("overlays/dev", container("x").replace("score-app", "other")), "no matches"),
    "a misspelt container": (patch("overlays/dev", container("score-ap", workingDir="/app")), "has no image"),
    "a misspelt image": (
        edit(DEV, "- name: score-app\n    newName", "- name: score-ap\n    newName"),
        "no container uses",
    ),
    "a misspelt setting": (edit(DEV, "LOG_LEVEL=debug", "LOG_LEVELL=debug"), "LOG_LEVELL is no setting"),
    "no label of the environment": (edit(DEV, "env: dev", "environment: dev"), "lacks the label env: dev"),
    "a misspelt setting of the SDK": (
        edit(DEV, "LOG_LEVEL=debug", "OTEL_TRACES_SAMPLERR=always_on"),
        "OTEL_TRACES_SAMPLERR is no setting",
    ),
    "alerts that were copied": (
        edit("overlays/prod/alerts.yaml", "mlops-prod", "mlops-staging"),
        "watches the namespace mlops-staging, not mlops-prod",
    ),
    "a tag that is a number": (edit(DEV, '"0.1.0"', "1.10"), "(must be text: quote it|json: cannot unmarshal number)"),
    "no digest": (lambda tree: (tree / DEV).write_text(DIGEST.sub("", (tree / DEV).read_text())), "has no digest"),
    "no image at all": (
        lambda tree: edit(DEV, (tree / DEV).read_text().split("images:")[1].split("replicas:")[0], " []\n")(tree),
        "has no digest",
    ),
    "replicas beside an autoscaler": (
        edit(PROD, "configMapGenerator:", "replicas:\n  - name: score-app\n    count: 3\nconfigMapGenerator:"),
        "has replicas and an autoscaler",
    ),
    "an autoscaler component that keeps replicas": (
        edit("components/autoscaling/replicas.yaml", "replicas: null", "paused: false"),
        "has replicas and an autoscaler",
    ),
    "an autoscaler without a target": (
        edit("components/autoscaling/autoscaler.yaml", "    name: score-app\n  min", "    name: score\n  min"),
        "target Deployment score does not exist",
    ),
    "another namespace than declared": (
        edit(DEV, "mlops-dev", "mlops-prod"),
        "has the namespace mlops-prod, environments.yaml has mlops-dev",
    ),
    "common labels": (
        edit(DEV, "labels:\n  - pairs:\n      env: dev\n    includeTemplates: true", "commonLabels:\n  env: dev"),
        "commonLabels",
    ),
    "labels in selectors": (edit(DEV, "includeTemplates: true", "includeSelectors: true"), "includeSelectors"),
    "a prefix": (edit(DEV, "resources:", "namePrefix: my-\nresources:"), "namePrefix"),
    "no hash": (
        edit(
            "base/kustomization.yaml",
            "  - name: score-app\n    literals",
            "  - name: score-app\n    options:\n      disableNameSuffixHash: true\n    literals",
        ),
        "reaches no running pod",
    ),
    "keys in another order": (edit(DEV, "namespace: mlops-dev\n", ""), "exactly one Namespace"),
    "a long overlay": (
        lambda tree: (tree / DEV).write_text((tree / DEV).read_text() + "#\n" * 60),
        "at most 60 are allowed",
    ),
    "no Pod Security": (edit("base/namespace.yaml", "enforce: restricted", "enforce: baseline"), "does not enforce"),
    "a Pod Security level that drifts": (
        edit("base/namespace.yaml", "enforce-version: v1.32", "enforce-version: latest"),
        "must pin",
    ),
    "a token": (
        edit(BASE, "automountServiceAccountToken: false", "automountServiceAccountToken: true"),
        "gets a token",
    ),
    "root": (
        edit(BASE, "      securityContext:\n        runAsNonRoot: true", "      securityContext:"),
        "may run as root",
    ),
    "privileges": (
        edit(BASE, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        "may gain privileges",
    ),
    "a writable root": (
        edit(BASE, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        "may write to its root",
    ),
    "capabilities": (edit(BASE, "                - ALL", "                - NET_RAW"), "keeps capabilities"),
    "no memory limit": (edit(BASE, "              memory: 256Mi\n", ""), "has no limit of memory"),
    "no readiness": (edit(BASE, "readinessProbe:", "unreadinessProbe:"), "needs a readiness and a liveness probe"),
    "a Service that selects nothing": (
        edit("base/service.yaml", "  selector:\n    app: score-app", "  selector:\n    app: score"),
        "selects no pod",
    ),
    "a Service that leads nowhere": (
        edit("base/service.yaml", "targetPort: http", "targetPort: htp"),
        "which no container has",
    ),
    "a budget that selects nothing": (
        edit("components/disruption-budget/budget.yaml", "      app: score-app", "      app: score"),
        "selects no pod",
    ),
    "a load test beside real callers": (
        edit(
            PROD,
            "  - ../../components/monitoring\n",
            "  - ../../components/load-test\n  - ../../components/monitoring\n",
        ),
        "Deployment locust-worker is not the service",
    ),
    "a host network": (edit(BASE, "      enableServiceLinks: false", "      hostNetwork: true"), "uses hostNetwork"),
}


def test_the_copy_is_good(check):
    done = check()
    assert (done.exit_code, done.output) == (0, "dev, staging, prod: no rule is broken, no file is stale\n")


def test_settings_of_opentelemetry_s_sdk_are_settings(tree, check_generated):
    edit(DEV, "LOG_LEVEL=debug", "OTEL_TRACES_SAMPLER=parentbased_traceidratio")(tree)
    assert check_generated().exit_code == 0


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_caught(trap, tree, check):
    spring, message = TRAPS[trap]
    spring(tree)
    done = check()
    assert done.exit_code == 1, done.output
    assert re.search(message, done.output), done.output


def test_keys_stand_in_one_order(tree, check):
    page = tree / DEV
    lines = page.read_text().splitlines(keepends=True)
    page.write_text("".join([*lines[:2], *lines[3:], lines[2]]))
    assert "another order" in check().output
