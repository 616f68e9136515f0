"""The documentation site, built as `make docs` builds it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.helpers.waiting import unless

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "build" / "tools" / "docs" / "bin" / "sphinx-build"
OPTIONS = shlex.split(re.search(r"sphinx-build (.*) docs build/docs", (ROOT / "Makefile").read_text())[1])


def build(docs, out):
    """Build a folder of pages, with the options of `make docs`."""
    unless(GENERATOR.exists(), "the documentation generator is not here: make tools")
    command = [GENERATOR, *OPTIONS, docs, out]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, env=os.environ | {"NO_COLOR": "1"})
