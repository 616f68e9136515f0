"""Edits of base and of an overlay: a bad one stays in dev, a good one walks to prod and back."""

import re
from time import monotonic

from tests.e2e.promotion.steps import BASE, DEPLOYMENT, edit, gitops, pods, push, verify

BAD_EDITS = {
    "a limit below the request": (DEPLOYMENT, {"memory: 256Mi": "memory: 8Mi"}, "Argo CD says: .*memory limit"),
    "too little memory": (
        DEPLOYMENT, {"memory: 256Mi": "memory: 24Mi", "memory: 128Mi": "memory: 24Mi"},
        "more memory than its limit of 24Mi",
    ),
    "a probe": (DEPLOYMENT, {"path: /readyz": "path: /nothing"}, "does not become ready: .*statuscode: 404"),
    "a setting": (
        BASE, {"MAX_BODY_SIZE=3m": "MAX_BODY_SIZE=3"}, "golden rows are predicted correctly: failed: .*413"
    ),
}  # fmt: skip


def test_a_bad_edit_of_base_breaks_dev_alone_and_verify_says_why(place, urls, load):
    before = {name: pods(name) for name in ("staging", "prod")}
    for name, (page, changes, reason) in BAD_EDITS.items():
        start, good = monotonic(), (place / page).read_text()
        edit(place, page, changes)
        push(place, f"edit {name}")
        output = verify(place, urls, "dev", code=1)
        print(f"{name}: dev broken and known after {monotonic() - start:.0f} s")
        assert re.search(reason, output), output
        assert "release --manifests" in gitops(place, "status")
        (place / page).write_text(good)
    push(place, "revert")
    verify(place, urls, "dev")
    assert {name: pods(name) for name in before} == before


def test_a_good_edit_of_base_walks_to_prod_and_back(place, urls, load):
    edit(place, BASE, {"MAX_BODY_SIZE=3m": "MAX_BODY_SIZE=2m"})
    push(place, "smaller bodies")
    gitops(place, "release", "--manifests")
    start = monotonic()
    for source, target in (("dev", "staging"), ("staging", "prod")):
        verify(place, urls, source)
        assert f"{target}: pending: base and components" in gitops(place, "status")
        assert "MAX_BODY_SIZE: '3m' -> '2m'" in gitops(place, "promote", source, target)
    verify(place, urls, "prod")
    print(f"base from dev to prod: {monotonic() - start:.0f} s")
    assert "pending" not in gitops(place, "status")
    output = gitops(place, "rollback", "prod", "--reason", "bodies of 3 MB are refused")
    assert "MAX_BODY_SIZE: '2m' -> '3m'" in output
    verify(place, urls, "prod")
    refused = gitops(place, "promote", "staging", "prod", code=2)
    assert "rolled back in prod (bodies of 3 MB are refused)" in refused


def test_a_setting_of_staging_takes_effect_by_a_render_and_nowhere_else(place, urls, load):
    before = pods("prod")
    edit(place, "overlays/staging/kustomization.yaml", {"LOG_LEVEL=info": "LOG_LEVEL=warning"})
    push(place, "be quiet in staging")
    verify(place, urls, "staging")
    assert pods("prod") == before
