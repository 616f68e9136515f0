"""What the controllers do beside it: Flux is asked too, edits by hand are undone, and prod has answered throughout."""

import json

from tests.e2e.promotion.steps import FLUX, space, verify
from tests.helpers.cluster import IMAGE, PUSH, get, kubectl, record, run
from tests.helpers.waiting import unless, until


def test_flux_is_asked_what_it_has_applied(place, urls):
    """Flux's own objects and definitions; its controllers are not here, so this test writes their status."""
    unless(FLUX, "no definitions of Flux: E2E_FLUX names their folder")
    kubectl("create", "namespace", "flux-system")
    kubectl("apply", "--server-side", "-f", FLUX)
    until(lambda: run("kubectl", "apply", "-k", place / "clusters" / "flux", timeout=30), "Flux's kinds are known")
    try:
        output = verify(place, urls, "staging", "--no-record", timeout=3, code=1)
        assert "Flux is in sync: failed: score-app-staging has not observed its newest generation" in output
        generation = get("kustomizations.kustomize.toolkit.fluxcd.io", "score-app-staging", "-n", "flux-system")[
            "metadata"
        ]["generation"]
        commit = run("git", "-C", place, "rev-parse", "HEAD").stdout.strip()
        ready = {
            "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied",
            "lastTransitionTime": "2026-11-21T12:00:00Z",
        }  # fmt: skip
        status = {
            "lastAppliedRevision": f"main@sha1:{commit}", "observedGeneration": generation, "conditions": [ready]
        }  # fmt: skip
        kubectl(
            "patch", "kustomizations.kustomize.toolkit.fluxcd.io", "score-app-staging", "-n", "flux-system",
            "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}),
        )  # fmt: skip
        output = verify(place, urls, "staging", "--no-record")
        assert "Flux is in sync: ok" in output
    finally:
        kubectl("delete", "-k", place / "clusters" / "flux", "--ignore-not-found")
        kubectl("delete", "-f", FLUX, "--ignore-not-found")
        kubectl("delete", "namespace", "flux-system")


def test_a_hand_edited_cluster_is_put_right(place, urls):
    kubectl("set", "image", "deployment/score-app", "-n", space("staging"), f"score-app={PUSH}/{IMAGE}:0.1.0")
    wanted = get("deployment", "score-app", "-n", space("prod"))["spec"]["template"]["spec"]["containers"][0]["image"]

    def mended():
        return get("deployment", "score-app", "-n", space("staging"))["spec"]["template"]["spec"]["containers"][0][
            "image"
        ]

    until(lambda: mended() == wanted, "Argo CD puts the image back", 120)


def test_prod_answered_all_the_time(load):
    outcome = load.stop()
    record("promoted by git push, twice", 1, outcome)
    assert (outcome["lost"], outcome["why"]) == (0, [])
