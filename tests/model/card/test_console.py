"""What the command line prints about bundles is whole, however narrow the terminal is."""

import os
import subprocess
import sys

import pytest

from model.bundle.files import names, read
from tests.helpers.manifests import ROOT

BUNDLES = ROOT / "model" / "bundles"


def listed(columns):
    kept = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    command = [sys.executable, "-m", "model", "list", "--bundles", BUNDLES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=kept | columns, check=True)
    return done.stdout


@pytest.mark.parametrize("width", [80, 60])
def test_the_list_is_folded_and_not_cut(width):
    wide, narrow = listed({}), listed({"COLUMNS": str(width)})
    assert max(map(len, narrow.splitlines())) <= width
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))


def test_each_bundle_has_one_line_in_a_pipe():
    lines = listed({}).splitlines()
    found = {name: read(BUNDLES, name).manifest for name in names(BUNDLES)}
    assert [line.split()[0] for line in lines[1:]] == list(found)
    assert all(each.version in line for line, each in zip(lines[1:], found.values(), strict=True))
