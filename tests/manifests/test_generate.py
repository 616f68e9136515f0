"""What is generated follows from environments.yaml, and what is stale fails the check."""

import json

import pytest
import yaml

from gitops.render.objects import of_kind
from tests.helpers.manifests import WORKFLOW, gitops

FILES = [
    "README.md", str(WORKFLOW), "clusters/argocd/dev.yaml", "clusters/argocd/kustomization.yaml",
    "clusters/argocd/project.yaml", "clusters/flux/prod.yaml", "clusters/flux/source.yaml", "clusters/verify.yaml",
    "components/monitoring/model.json", "components/monitoring/monitor.yaml", "overlays/prod/alerts.yaml",
    "rendered/staging/deployment-score-app.yaml",
]  # fmt: skip
SPOILT = {
    "clusters/argocd/kustomization.yaml": ("  - dev.yaml\n", ""),
    "README.md": ("`mlops-dev`", "`mlops-old`"),
    str(WORKFLOW): ("[staging, prod]", "[staging]"),
    "components/monitoring/model.json": ('"Pods up"', '"Pods down"'),
}


@pytest.mark.parametrize("name", FILES)
def test_a_stale_file_fails_the_check_and_is_restored(name, tree):
    path = tree / name
    before = path.read_text()
    old, new = SPOILT.get(name, ("score-app", "score-ap"))
    assert old in before
    path.write_text(before.replace(old, new, 1))
    done = gitops(tree, "check")
    assert done.exit_code == 1
    command = "render staging" if name.startswith("rendered/") else "generate"
    assert f"{name} is stale: python -m gitops {command}\n" in done.output
    assert gitops(tree, "generate", "--check").exit_code == 1
    assert path.read_text() != before
    assert name in json.loads(gitops(tree, "generate", "--json").output)["written"]
    assert path.read_text() == before
    assert gitops(tree, "check").exit_code == 0


def test_with_detailed_exitcode_staleness_alone_is_3(tree):
    (tree / "clusters" / "verify.yaml").unlink()
    assert gitops(tree, "check", "--detailed-exitcode").exit_code == 3
    base = tree / "base" / "deployment.yaml"
    base.write_text(base.read_text().replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))
    assert gitops(tree, "check", "--detailed-exitcode").exit_code == 1


def declare(tree, old, new):
    path = tree / "environments.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    done = gitops(tree, "generate", "--detailed-exitcode")
    assert done.exit_code == 3, done.output


def test_an_objective_reaches_the_rules(tree):
    declare(tree, "availability: 99.9", "availability: 99.5")
    (rule,) = of_kind(
        list(yaml.safe_load_all((tree / "rendered" / "prod" / "prometheusrule-score-app.yaml").read_text())),
        "PrometheusRule",
    )
    rules = [each for group in rule["spec"]["groups"] for each in group["rules"]]
    assert next(each["expr"] for each in rules if each.get("record") == "score_app:errors:budget") == "vector(0.005)"


def test_an_environment_elsewhere_is_not_bound_here(tree):
    declare(tree, "namespace: mlops-prod", "namespace: mlops-prod\n    cluster: europe")
    here, there = (
        [each["metadata"]["namespace"] for each in of_kind(list(yaml.safe_load_all(path.read_text())), "RoleBinding")]
        for path in (tree / "clusters" / "verify.yaml", tree / "clusters" / "verify-europe.yaml")
    )
    assert (here, there) == (["mlops-dev", "mlops-staging"], ["mlops-prod"])
    spec = yaml.safe_load((tree / "clusters" / "argocd" / "prod.yaml").read_text())["spec"]
    assert spec["destination"] == {"name": "europe", "namespace": "mlops-prod"}
    declare(tree, "    cluster: europe\n", "")
    assert not (tree / "clusters" / "verify-europe.yaml").exists()


def test_another_repository_reaches_both_controllers(tree):
    declare(tree, "https://github.com/score-app/score-app.git", "https://example.org/own.git")
    for name in ("argocd/dev.yaml", "argocd/project.yaml", "flux/source.yaml"):
        assert "https://example.org/own.git" in (tree / "clusters" / name).read_text()


def test_a_file_of_somebody_else_is_left_alone(tree):
    own = tree / "clusters" / "argocd" / "notifications.yaml"
    own.write_text("kind: ConfigMap\n")
    assert gitops(tree, "check").exit_code == 0
    assert gitops(tree, "generate").exit_code == 0
    assert own.exists()


def test_without_readme_s_table_and_workflow_the_rest_is_generated(tree):
    (tree / "README.md").write_text("# Ours\n")
    (tree / WORKFLOW).unlink()
    assert gitops(tree, "check").exit_code == 0
    assert (tree / "README.md").read_text() == "# Ours\n"


def test_an_overlay_without_an_entry_and_an_entry_without_an_overlay(tree):
    (tree / "overlays" / "dev").rename(tree / "overlays" / "qa")
    output = gitops(tree, "check").output
    assert "qa: its overlay has no entry in environments.yaml\n" in output
    assert "dev: environments.yaml lists it, but overlays/dev does not exist\n" in output


def test_an_slo_whose_alerts_no_overlay_includes(tree):
    overlay = tree / "overlays" / "staging" / "kustomization.yaml"
    overlay.write_text(overlay.read_text().replace("  - alerts.yaml\n", ""))
    assert "staging: environments.yaml declares an slo, but its overlay does not list alerts.yaml" in (
        gitops(tree, "check").output
    )
