"""The Python of docs/python.md is run as it stands, in order, and each shown value is what comes."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "python.md").read_text()


def program(text):
    """Return the page's program, which compares the value of each line that ends with a comment."""
    source = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    lines = source.splitlines()
    for node in ast.parse(source).body:
        line = lines[node.end_lineno - 1]
        if isinstance(node, ast.Expr) and "  # " in line:
            shown = line.rpartition("  # ")[2]
            lines[node.end_lineno - 1] = f"assert ast.literal_eval({shown!r}) == ({line.rpartition('  # ')[0]})"
    return "import ast\n" + "\n".join(lines)


def run(source, folder):
    environment = os.environ | {"BUNDLES": str(folder / "bundles")}
    command = [sys.executable, "-W", "error", "-c", source]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)


def test_every_block_runs_and_shows_what_comes(tmp_path):
    done = run(program(TEXT), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("customers ")
    assert (tmp_path / "bundles" / "customers" / "manifest.json").exists()


def test_a_wrong_value_is_found(tmp_path):
    done = run(program("```python\n1 + 1  # 3\n```"), tmp_path)
    assert "AssertionError" in done.stderr


def test_the_scikit_learn_to_train_with_is_the_one_of_the_lock():
    (locked,) = re.findall(r"^scikit-learn==(\S+)", (ROOT / "locks" / "full.txt").read_text(), re.MULTILINE)
    assert f"Train with scikit-learn {locked}" in (ROOT / "docs" / "bundles.md").read_text()
