"""A write that is interrupted or killed leaves a whole bundle or none."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from model.bundle.files import DEFAULT_ROOT, names, read, write

IRIS = read(DEFAULT_ROOT, "iris")
SHIPPED = names(DEFAULT_ROOT)


def iris(**changes):
    return msgspec.structs.replace(IRIS.manifest, **changes)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("step", range(1, 10))
def test_an_interrupted_write_leaves_a_whole_bundle_or_none(step, late, there, bundles, monkeypatch):
    """Interrupt before or after each step that touches the disk: nothing is half there, and nothing lies about."""
    done = []

    def interrupting(function):
        def call(*args, **kwargs):
            done.append(function)
            if len(done) != step:
                return function(*args, **kwargs)
            if late:
                function(*args, **kwargs)
            raise KeyboardInterrupt

        return call

    new = iris(name="iris" if there else "fresh", title="New").stamped()
    for function in ("mkdir", "write_bytes", "rename"):
        monkeypatch.setattr(Path, function, interrupting(getattr(Path, function)))
    with suppress(KeyboardInterrupt):
        write(bundles, new, IRIS.files, replace=True)
    monkeypatch.undo()
    assert sorted(entry.name for entry in bundles.iterdir()) in (SHIPPED, sorted({*SHIPPED, new.name}))
    assert read(bundles, "iris").manifest in (IRIS.manifest, new)
    assert new.name not in names(bundles) or read(bundles, new.name).manifest in (IRIS.manifest, new)


KILLED = """
import os, sys, model.bundle.files as bundle
folder, left = bundle.Path(sys.argv[1]), [bundle.Path.rename] * int(sys.argv[2])
bundle.Path.rename = lambda *paths: left.pop()(*paths) if left else os._exit(9)
found = bundle.read(folder, "iris")
bundle.write(folder, found.manifest, found.files, replace=True)
"""


@pytest.mark.parametrize("renames", [0, 1])
def test_a_killed_write_leaves_no_half_bundle_and_loses_none(renames, bundles):
    command = [sys.executable, "-c", KILLED, str(bundles), str(renames)]
    assert subprocess.run(command, cwd=DEFAULT_ROOT.parents[1], check=False).returncode == 9
    assert names(bundles) == [name for name in SHIPPED if name != "iris" or not renames]
    (old,) = bundles.glob(".iris.*.old") if renames else [bundles / "iris"]
    old.rename(bundles / "iris")
    assert read(bundles, "iris") == IRIS
