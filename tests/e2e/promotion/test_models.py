"""A model that is an image of its own: retrained, mistaken for another, signed."""

import json
import re
import sys
from time import monotonic

from tests.e2e.promotion.steps import edit, gitops, push, pushed, trained, verify
from tests.helpers.cluster import IMAGE, run


def test_a_retrained_model_walks_to_prod_without_an_image_build(place, urls, load):
    start = monotonic()
    trained(place / "model" / "bundles", 30, 4)
    push(place, "train iris again")
    digest = pushed(place, "iris", f"{IMAGE}-iris")
    gitops(place, "release", "--model", f"iris@{digest}", "--force-held", "bodies of 3 MB are not needed")
    verify(place, urls, "dev")
    print(f"from model add to dev's verified answer: {monotonic() - start:.0f} s")
    for source, target in (("dev", "staging"), ("staging", "prod")):
        # What was rolled back before goes along, on purpose.
        gitops(place, "promote", source, target, "--force-held", "bodies of 3 MB are not needed")
        verify(place, urls, target)
    rows = json.loads(run(sys.executable, "-m", "gitops", "status", "--json", "--root", place).stdout)
    assert [list(row["mounted"]) for row in rows] == [["iris"]] * 3
    assert all(row["verified"] for row in rows)
    output = gitops(place, "rollback", "prod", "--reason", "the old one was better")
    assert "- spec.template.spec.volumes[model-iris]" in output
    verify(place, urls, "prod")


def test_an_image_that_is_another_model_than_released_never_becomes_ready(place, urls, load):
    wrong = pushed(place, "wine", f"{IMAGE}-iris")
    page = place / "overlays" / "dev" / "models.yaml"
    right = page.read_text()
    page.write_text(re.sub(r"sha256:\w+", wrong, right))
    push(place, "a lie")
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: .*wine", output), output
    page.write_text(re.sub(r"sha256:\w+", f"sha256:{'7' * 64}", right))
    push(place, "nothing")
    output = verify(place, urls, "dev", code=1)
    assert "7777" in output, output
    page.write_text(right)
    push(place, "the truth")
    verify(place, urls, "dev")


def sign(place, key):
    where = ["--bundles", place / "model" / "bundles"]
    run(sys.executable, "-m", "model", "sign", "iris", "--key", key, *where)


def test_only_a_model_that_is_signed_with_a_known_key_becomes_ready(place, urls, load, tmp_path):
    right, other = tmp_path / "right.pem", tmp_path / "other.pem"
    for key in (right, other):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    public = run("openssl", "pkey", "-in", right, "-pubout").stdout
    (place / "components" / "signed-models" / "keys.pem").write_text(public)
    # By hand, as the command would refuse what the pod is to refuse.
    edit(
        place, "overlays/dev/kustomization.yaml", {"components:\n": "components:\n  - ../../components/signed-models\n"}
    )
    push(place, "take signed models only")
    start = monotonic()
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: is not signed", output), output
    print(f"an unsigned model is named after {monotonic() - start:.0f} s")
    sign(place, other)
    wrong = pushed(place, "iris", f"{IMAGE}-iris")
    page = place / "overlays" / "dev" / "models.yaml"
    page.write_text(re.sub(r"sha256:\w+", wrong, page.read_text()))
    push(place, "sign with a key that nobody knows")
    output = verify(place, urls, "dev", code=1)
    assert re.search(r"iris: is signed with a key that is not trusted", output), output
    sign(place, right)
    push(place, "sign with the right key")
    gitops(place, "release", "--model", f"iris@{pushed(place, 'iris', f'{IMAGE}-iris')}")
    verify(place, urls, "dev")
