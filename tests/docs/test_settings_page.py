"""docs/settings.md follows from api/settings.py and the manifests."""

import shutil
from pathlib import Path

from api.settings import NAMES
from gitops.generate.settings_page import page

ROOT = Path(__file__).parents[2]


def test_the_page_is_current():
    assert (ROOT / "docs" / "settings.md").read_text() == page(ROOT), "stale: make generate"


def test_each_setting_has_a_row_with_what_it_takes_and_does():
    rows = [line.strip("| ").split(" | ") for line in page(ROOT).splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == [f"`{name}`" for name in NAMES]
    assert all(takes and text.endswith(".") for _, _, takes, text in rows)


def test_what_sets_a_setting_is_named_with_its_value(tmp_path):
    shutil.copytree(ROOT / "base", tmp_path / "base")
    folder = tmp_path / "overlays" / "qa"
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text(
        "configMapGenerator:\n  - name: score-app\n    literals: [LOG_LEVEL=error]\n"
        "patches:\n  - patch: |-\n      data:\n        THREADS: '7'\n"
    )
    (folder / "deployment.yaml").write_text("env:\n  - name: API_KEYS\n    valueFrom: {}\n")
    rows = [line for line in page(tmp_path).splitlines() if line.startswith("| `")]
    found = {line.split("`")[1]: line.partition("Set in ")[2] for line in rows}
    assert found["LOG_LEVEL"] == "`base` (`info`), `overlays/qa` (`error`). |"
    assert found["THREADS"] == "`overlays/qa` (`7`). |"
    assert found["API_KEYS"] == "`overlays/qa`. |"
