"""Files with values of any type are refused in one sentence that names the file, never with a traceback."""

import json
import shutil
from datetime import UTC, datetime

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops import ledger
from gitops.cli.main import main
from gitops.environments import load
from gitops.errors import GitopsError
from gitops.release import current_image, parse
from gitops.render import objects
from tests.helpers.manifests import ROOT
from tests.helpers.sample import SAMPLE

TIME, DIGEST = "2026-11-21T12:00:00+00:00", f"sha256:{'1' * 64}"
GOOD = {
    "time": TIME, "action": "hold", "actor": "a@b", "tag": "1.0.0", "digest": DIGEST, "was": DIGEST, "from": "dev@1",
    "forced": "why", "reason": "why", "models": {"iris": "1"},
}  # fmt: skip
WRONG = {
    "a time that is none": {"time": "yesterday"},
    "a time without a zone": {"time": "2026-11-21T12:00:00"},
    "a number as time": {"time": 5},
    "a digest in a list": {"digest": [DIGEST]},
    "a mapping as digest": {"digest": {}},
    "null as tag": {"tag": None},
    "a blank reason": {"reason": " \n"},
    "a flag as reason": {"reason": True},
    "models in a list": {"models": ["iris"]},
    "a version that is no text": {"models": {"iris": 1}},
    "an actor that is none": {"actor": None},
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([TIME, DIGEST]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
entries = st.fixed_dictionaries(
    {"action": st.sampled_from(["release", "promote", "rollback", "verify", "hold", "freeze", "unfreeze"]) | values},
    optional={key: st.just(good) | values for key, good in GOOD.items() if key != "action"},
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with all that `status` reads but the ledgers."""
    folder = tmp_path_factory.mktemp("place")
    for each in ("base", "components", "overlays"):
        shutil.copytree(ROOT / each, folder / each)
    shutil.copy(ROOT / "environments.yaml", folder)
    (folder / "promotions").mkdir()
    return folder


def command(place, *args):
    done = CliRunner().invoke(main, [*args, "--root", str(place)])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def wrote(place, content):
    file = place / "promotions" / "dev.jsonl"
    file.write_bytes(content)
    return file


def read_or_refused(place):
    """Use a ledger as every command does; what it cannot be used for is refused with file and line."""
    refusal, state = "", ledger.State()
    try:
        state = ledger.state(ledger.read(place, "dev"))
    except GitopsError as error:
        refusal = str(error)
    assert refusal == "" or (refusal.startswith("promotions/dev.jsonl: line 2 ") and "\n" not in refusal)
    for digest in state.verified:
        assert isinstance(state.verified_for(digest, datetime.now(UTC)), float)


@given(entries | values)
def test_an_entry_of_any_type_is_used_or_refused(place, entry):
    wrote(place, f"{json.dumps(GOOD)}\n{json.dumps(entry)}\n".encode())
    read_or_refused(place)


@given(st.binary(max_size=80).filter(lambda line: b"\n" not in line))
def test_a_line_of_any_bytes_is_used_or_refused(place, line):
    wrote(place, json.dumps(GOOD).encode() + b"\n" + line + b"\n")
    read_or_refused(place)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_type_names_line_and_field(wrong, place):
    wrote(place, f"{json.dumps(GOOD)}\r\n\r\n{json.dumps(GOOD | WRONG[wrong])}\r\n".encode())
    done = command(place, "status")
    (field,) = WRONG[wrong]
    assert done.exit_code == 2
    assert f"error: promotions/dev.jsonl: line 3 has a wrong value of {field}: git log -p" in done.output


@pytest.mark.parametrize("line", ["[" * 100_000, '{"time": ' + "9" * 10_000 + "}", '{"action": 5}', "\u2028{}"])
def test_a_line_that_stops_parsers_is_named(line, place):
    wrote(place, f"{json.dumps(GOOD)}\n{line}\n".encode())
    done = command(place, "status")
    assert (done.exit_code, done.output.startswith("error: promotions/dev.jsonl: line 2 is ")) == (2, True)


def test_a_separator_within_a_text_does_not_end_a_line(place):
    odd = GOOD | {"reason": "a\u2028b\u0085c"}
    wrote(place, f"{json.dumps(odd, ensure_ascii=False)}\n".encode())
    (entry,) = ledger.read(place, "dev")
    assert entry["reason"] == odd["reason"]


declared = yaml.safe_load((SAMPLE / "environments.yaml").read_text())
keys = st.sampled_from(["image", "repository", "branch", "prometheus_release", "environments"])
parts = st.sampled_from(["name", "namespace", "cluster", "local_settings", "soak", "review", "slo"])
objectives = st.sampled_from(
    [("availability",), ("latency",), ("latency", "percent"), ("latency", "seconds"), ("drift",), ("drift", "warn"),
     ("drift", "alert"), ("drift", "window"), ("drift", "for"), ("drift", "min_rows")]
)  # fmt: skip


@st.composite
def declarations(draw):
    """Spoil one value of environments.yaml."""
    found = yaml.safe_load(yaml.safe_dump(declared))
    which, value = draw(st.integers(0, 3)), draw(values)
    if which == 0:
        return value
    if which == 1:
        found[draw(keys)] = value
    elif which == 2:
        found["environments"][2][draw(parts)] = value
    else:
        *path, last = draw(objectives)
        at = found["environments"][2]["slo"]
        for each in path:
            at = at[each]
        at[last] = value
    return found


@settings(max_examples=200)
@given(declarations())
def test_environments_of_any_type_are_used_or_refused(tmp_path_factory, found):
    folder = tmp_path_factory.getbasetemp()
    (folder / "environments.yaml").write_bytes(yaml.safe_dump(found, allow_unicode=True).encode())
    refusal = ""
    try:
        load(folder)
    except GitopsError as error:
        refusal = str(error)
    assert refusal == "" or (refusal.startswith("environments.yaml: ") and "\n" not in refusal)


DECLARATIONS = {
    "a list": ("image: score-app", "image: [score-app]", "cannot be used as image"),
    "a line break": ("image: score-app", 'image: "score-app\\nPromoted-From: x"', "cannot be used as image"),
    "an option as branch": ("branch: main", "branch: --upload-pack=x", "cannot be used as branch"),
    "a branch that git refuses": ("branch: main", "branch: a..b", "cannot be used as branch"),
    "half a character": ("branch: main", 'branch: "a\\ud800"', "environments.yaml: "),
    "a text as flag": ("review: true", "review: 'no'", "review is 'no': use true or false"),
    "a text as list": (
        "local_settings: [PUBLIC_METRICS]",
        "local_settings: PUBLIC_METRICS",
        "local_settings is not a list",
    ),
    "no mapping": ("environments:", "environments: 5\nothers:", "environments is not a list"),
    "no number": ("availability: 99.9", "availability: high", "prod: slo.availability is 'high': use a number"),
    "more than all": ("availability: 99.9", "availability: 999", "use a percentage below 100"),
}


@pytest.mark.parametrize("wrong", DECLARATIONS)
def test_a_declaration_that_cannot_be_used_is_one_sentence(wrong, tmp_path):
    old, new, message = DECLARATIONS[wrong]
    text = (SAMPLE / "environments.yaml").read_text()
    assert old in text
    (tmp_path / "environments.yaml").write_text(text.replace(old, new))
    done = command(tmp_path, "status")
    assert (done.exit_code, done.output.startswith("error: environments.yaml: ")) == (2, True), done.output
    assert message in done.output
    assert done.output.count("\n") == 1


@given(values)
def test_an_overlay_of_any_type_is_used_or_refused(tmp_path_factory, found):
    folder = tmp_path_factory.getbasetemp() / "overlays" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    for page in (found, {"images": found}, {"images": [found]}):
        (folder / "kustomization.yaml").write_bytes(yaml.safe_dump(page, allow_unicode=True).encode())
        with pytest.raises(GitopsError):
            current_image(folder.parents[1], "dev", "score-app")


@given(st.text(max_size=60) | st.text("1.@sha256:abcdef", max_size=90))
def test_a_version_of_any_text_is_refused(text):
    with pytest.raises(GitopsError):
        parse(text)


@pytest.mark.parametrize("name", ["environments.yaml", "overlays/dev/kustomization.yaml"])
def test_a_file_that_is_not_utf_8_is_named(name, place, tmp_path):
    shutil.copytree(place, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.jsonl"))
    path = tmp_path / name
    path.write_bytes("# größe\n".encode("latin-1") + path.read_bytes())
    for args in (("status",), ("check",)):
        done = command(tmp_path, *args)
        assert (done.exit_code, f"{name}: byte 4 is not UTF-8: save the file as UTF-8" in done.output) == (
            (2, True) if args == ("status",) or name == "environments.yaml" else (done.exit_code, True)
        ), done.output


@pytest.mark.parametrize("text", ["- " * 40_000, "[" * 40_000 + "]" * 40_000, "? " * 40_000])
def test_deep_objects_do_not_end_the_process(text):
    with pytest.raises(RecursionError):
        objects.parse(text)
