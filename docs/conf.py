"""The documentation site: `make docs`. Why Sphinx: decisions/0004-documentation-site.md."""
# ruff: noqa: INP001 - a configuration file, not a package

import os
import re
import shutil
from pathlib import Path
from typing import Any

project = "score-app"
copyright = "the authors of score-app"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["**/.*"]
# Anchors are GitHub's, so that a link works there and here.
myst_heading_anchors = 4
nitpicky = True

html_theme = "pydata_sphinx_theme"
html_title = "score-app"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
# Few pages, no sections: all of them stand in the sidebar.
html_sidebars = {"**": ["globaltoc"]}
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def add_navigation(_: Any, docname: str, content: list[str]) -> None:
    """Take the navigation from a README's own links to pages, so that a page without a link fails the build."""
    if docname.rpartition("/")[2] == "README":
        pages = dict.fromkeys(re.findall(r"\]\(((?:decisions/)?[\w.-]+)\.md\)", content[0]))
        content[0] += "\n\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def link_repository(_: Any, docname: str, content: list[str]) -> None:
    """Turn links to files outside of docs/ into their paths; a link to nothing stays, and fails the build."""
    docs = Path(__file__).parent

    def path(match: re.Match[str]) -> str:
        place = Path(os.path.normpath(docs / docname / ".." / match[2].partition("#")[0]))
        inside = docs.parent in place.parents and place.exists()
        return f"`{place.relative_to(docs.parent)}`" if inside else match[0]

    content[0] = re.sub(r"\[`?([^\]`]+)`?\]\(((?:\.\./)+[^)]+)\)", path, content[0])


def add_index(app: Any, exception: Exception | None) -> None:
    """Copy the first page to index.html, which web servers and people open."""
    if not exception:
        shutil.copy(Path(app.outdir) / "README.html", Path(app.outdir) / "index.html")


def setup(app: Any) -> None:
    """Connect the functions above."""
    app.connect("source-read", link_repository)
    app.connect("source-read", add_navigation)
    app.connect("build-finished", add_index)
