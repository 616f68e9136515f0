"""python -m tools.pictures: form.png, model.png and notebook.png need Chromium, promotion.svg kustomize or kubectl."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.helpers.manifests import ROOT
from tools.pictures.promotion import promotion
from tools.pictures.screenshots import screenshots

DOCS = ROOT / "docs"


def main():
    screenshots(DOCS)
    with TemporaryDirectory() as scratch:
        (DOCS / "promotion.svg").write_text(promotion(Path(scratch)))
    print("written: form.png, model.png, notebook.png and promotion.svg in docs/; look at them")


if __name__ == "__main__":
    main()
