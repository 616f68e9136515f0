"""A ledger that is removed, or left behind when its environment gets another name by hand, fails `check`."""

import pytest

from tests.helpers.repository import promoted
from tests.helpers.sample import sample
from tests.helpers.whole_release import base_edit, released_everywhere, sizes


@pytest.fixture
def everywhere(repository):
    found = released_everywhere(repository)
    sample(found.place, "clusters", "README.md", ".github")
    found.commit("the rest")
    return found


def checked(repository):
    done = repository.run("check")
    return done.exit_code, done.output


def test_one_that_is_left_behind_is_named_and_a_base_edit_stays_out(everywhere):
    base_edit(everywhere)
    assert sizes(everywhere) == ["4m", "3m", "3m"]
    everywhere.git("mv", "overlays/prod", "overlays/live")
    for path, name in (("environments.yaml", "name: "), ("overlays/live/kustomization.yaml", "env: ")):
        page = everywhere.place / path
        page.write_text(page.read_text().replace(f"{name}prod", f"{name}live"))
    everywhere.run("generate")
    everywhere.commit("prod is live")
    left = (
        "promotions/prod.jsonl is the ledger of no environment: git mv promotions/prod.jsonl promotions/NAME.jsonl, if "
        "its environment has another name now, else git rm promotions/prod.jsonl\n"
    )
    assert checked(everywhere) == (1, left)
    everywhere.git("mv", "promotions/prod.jsonl", "promotions/live.jsonl")
    everywhere.run("generate")
    assert "MAX_BODY_SIZE: 3m" in (everywhere.place / "rendered" / "live" / "configmap-score-app.yaml").read_text()
    assert checked(everywhere)[0] == 0


@pytest.mark.parametrize("committed", [False, True])
def test_one_that_was_removed_is_named_with_the_way_back(committed, everywhere):
    (everywhere.place / "promotions" / "prod.jsonl").unlink()
    if committed:
        everywhere.commit("tidy up")
    place = everywhere.git("rev-parse", "--short=12", "HEAD") + "~1" if committed else "HEAD"
    command = f"checkout {place} -- promotions/prod.jsonl"
    lost = "promotions/prod.jsonl was removed, and with it what prod was given and what is on hold there: "
    assert checked(everywhere) == (1, f"{lost}git {command}\n")
    everywhere.git(*command.split())
    assert checked(everywhere)[0] == 0


def test_a_first_promotion_that_is_reverted_takes_its_ledger_along(repository):
    sample(repository.place, "clusters", "README.md", ".github")
    repository.commit("the rest")
    promoted(repository)
    repository.git("revert", "--no-edit", "HEAD")
    assert not (repository.place / "promotions" / "staging.jsonl").exists()
    assert checked(repository)[0] == 0
