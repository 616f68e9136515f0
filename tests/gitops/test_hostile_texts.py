"""Reasons, names and messages are printed literally, whatever they hold, and a blank reason is refused."""

import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.escaping import code_block, code_span, table_cell, visible
from tests.helpers.manifests import ROOT
from tests.helpers.repository import NEW

MARKUP = "[red]no[/] :warning: **bold** `code` <b> | a\nb\r\t \x1b[31mred\x1b[0m \u202eback \u2028 größe ✓"
SHOWN = "[red]no[/] :warning: **bold** `code` <b> | a\\nb\\r\\t \\x1b[31mred\\x1b[0m \\u202eback \\u2028 größe ✓"
NOTHING = ("", " ", "\t\n", "\u3000")


def ledger(repository, environment):
    return (repository.place / "promotions" / f"{environment}.jsonl").read_bytes()


@pytest.mark.parametrize("reason", NOTHING)
def test_a_blank_reason_is_refused(reason, repository):
    repository.run("release", NEW)
    head = repository.git("rev-parse", "HEAD")
    for args in (
        ("freeze", "dev", "--reason", reason), ("rollback", "dev", "--reason", reason),
        ("release", NEW, "--force-held", reason), ("promote", "dev", "staging", "--force-held", reason),
    ):  # fmt: skip
        done = repository.run(*args)
        assert (done.exit_code, "a reason is needed, and this is blank" in done.output) == (2, True), done.output
    assert repository.git("rev-parse", "HEAD") == head


def test_a_reason_is_one_line_of_the_ledger_and_printed_literally(repository):
    repository.change("freeze", "dev", "--reason", MARKUP)
    (line,) = ledger(repository, "dev").splitlines()
    assert json.loads(line)["reason"] == MARKUP
    refused = repository.run("release", NEW)
    assert refused.output == f"error: dev is frozen ({SHOWN}): unfreeze dev first\n"
    (row,) = [each for each in repository.run("status").output.splitlines() if each.startswith("dev")]
    assert SHOWN in row
    assert json.loads(repository.run("status", "--json").output)[0]["frozen"] == MARKUP


def test_a_held_release_s_reason_is_printed_literally(repository):
    repository.verified("dev")
    repository.run("release", NEW)
    repository.change("rollback", "dev", "--reason", MARKUP)
    done = repository.run("release", NEW)
    assert f"rolled back in dev ({SHOWN}); --force-held REASON" in done.output
    repository.change("release", NEW, "--force-held", MARKUP)
    assert all(json.loads(line) for line in ledger(repository, "dev").splitlines())


@pytest.mark.parametrize("name", ["[red]x", "a`b`c", "$(id)", "größe", "a;b'c\"", "x\u202ey"])
def test_a_branch_s_name_is_printed_literally(name, repository):
    if not name.startswith("["):
        repository.git("switch", "-q", "-c", name)
        assert f"this is the branch {visible(name)}; releases" in repository.run("release", NEW).output
    declared = repository.place / "environments.yaml"
    declared.write_text(declared.read_text().replace("branch: main", f"branch: {json.dumps(name)}"))
    repository.git("commit", "-q", "-a", "-m", f"{MARKUP} {name}")
    done = repository.run("release", NEW)
    if name.startswith("["):
        assert (done.exit_code, "cannot be used as branch" in done.output) == (2, True)
    else:
        assert done.exit_code == 0, done.output
        assert repository.git("rev-parse", f"refs/remotes/origin/{name}") == repository.git("rev-parse", "HEAD")


def test_an_unknown_environment_is_printed_literally(repository):
    for args in (("promote", MARKUP, "dev"), ("diff", "dev", MARKUP), ("freeze", MARKUP, "--reason", "x")):
        done = repository.run(*args)
        assert (done.exit_code, "\x1b" in done.output, done.output.count("\n")) == (2, False, 1), done.output


def test_values_stay_within_markdown(repository):
    page = repository.overlay("dev")
    page.write_text(page.read_text().replace("PUBLIC_METRICS=1", 'PUBLIC_METRICS=1\n      - "NOTE=``` a ` b"'))
    output = repository.run("diff", "staging", "dev", "--markdown").output
    (line,) = [each for each in output.splitlines() if "NOTE" in each]
    assert re.fullmatch(r"- ```` .*``` a ` b.* ````", line)


@given(st.text())
def test_a_visible_text_is_one_line_without_controls(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert visible(shown) == shown


@given(st.text("`ab \n", max_size=30))
def test_markdown_is_never_left(text):
    span = code_span(text)
    fence = re.match("`+", span)[0]
    assert span.endswith(fence)
    assert "\n" not in span
    assert fence not in re.findall("`+", span[len(fence) : -len(fence)])
    first, *lines, last, end = code_block(text).split("\n")
    assert (first, last, end) == (first, first, "")
    assert not any(line.strip().startswith(first) for line in lines)


def test_a_cell_stays_a_cell():
    assert table_cell("a|b <c>`") == "a\\|b \\<c\\>\\`"
    assert "\n" not in table_cell("a\nb")


PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES = {"C": {}, "ascii": {"PYTHONIOENCODING": "ascii"}, "strict": {"PYTHONIOENCODING": "latin-1:strict"}}


def shell(repository, *args, **environment):
    """Run a command where Python's text is not UTF-8."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "PYTHON")) and key != "LANG"}
    command = [sys.executable, "-m", "gitops", *args, "--root", str(repository.place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=kept | PLAIN | environment, timeout=90)
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
def test_a_locale_that_is_not_utf_8_changes_no_file_and_stops_no_output(locale, repository):
    how = LOCALES[locale]
    for name in ("environments.yaml", "overlays/dev/kustomization.yaml", "base/deployment.yaml"):
        path = repository.place / name
        path.write_bytes(b"# gr\xc3\xb6\xc3\x9fe \xe2\x9c\x93\n" + path.read_bytes())
    (repository.place / "größe ✓.txt").write_text("x")
    repository.commit("größe ✓")
    assert shell(repository, "freeze", "prod", "--reason", "größe ✓", **how).returncode == 0
    assert json.loads(ledger(repository, "prod"))["reason"] == "größe ✓"
    for args in (("status",), ("status", "--json"), ("check",), ("diff", "dev", "prod"), ("promote", "dev", "größe")):
        assert shell(repository, *args, **how).returncode in (0, 1, 2)
    shown = shell(repository, "status", **how).stdout.decode("latin-1" if locale == "strict" else "utf-8")
    assert "größe" in shown
    assert ("✓" if locale != "strict" else "\\u2713") in shown
    assert shell(repository, "generate", **how).returncode == 0
    repository.commit("generated")
    assert shell(repository, "release", NEW, "--pr", **how).returncode == 0
    assert shell(repository, "release", NEW, **how).returncode == 0
    assert repository.overlay("dev").read_bytes().startswith(b"# gr\xc3\xb6\xc3\x9fe")
    assert repository.run("check").exit_code == 0


def test_a_reason_that_is_no_text_is_refused(repository):
    done = shell(repository, "freeze", "prod", "--reason", b"\xff\xfe")
    assert (done.returncode, b"this is not UTF-8 text" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("args", [(), ("release",), ("verify",), ("generate",)])
def test_help_needs_only_ascii(args, repository):
    done = subprocess.run(
        [sys.executable, "-m", "gitops", *args, "--help"], cwd=ROOT, capture_output=True, env=os.environ | PLAIN
    )
    assert (done.returncode, done.stdout.isascii()) == (0, True)
    assert not re.search(r"^  .*\.\.\.$", done.stdout.decode(), re.MULTILINE)
