"""The workflows of GitHub Actions, and how their scripts use what others may choose."""

import re

import yaml

from tests.helpers.manifests import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
TRUSTED = re.compile(r"\$\{\{ (github\.token|secrets\.\w+) \}\}")
"""The expressions whose values nobody outside may choose."""
CHOSEN = {"GITHUB_BASE_REF", "GITHUB_HEAD_REF", "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_EVENT_NAME"}
"""Variables of every run that hold names of branches and tags."""
HOSTILE = (
    "$(id)", "${HOME}", "`id`", "a;b", "a&b", "a|b", "a b", "a\nb", "a'b", 'a"b', "a\\b", "a*", "a>b", "a#b", "--a", "",
    "v1.2.3$(id)", "v1.2.3;id", "v1.2.3 x=y", "v1.2.3\nid", "$(shell id)",
)  # fmt: skip


def read(path):
    """Return a workflow; its key `on` is a flag in YAML 1.1."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    found["on"] = found.pop(True, found.get("on"))
    return found


def triggers(workflow):
    found = workflow["on"]
    return {found: None} if isinstance(found, str) else dict.fromkeys(found) if isinstance(found, list) else found


def steps(workflow):
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


def writes(permissions):
    """Return the scopes that may be written."""
    if isinstance(permissions, str):
        return {"everything"} if permissions == "write-all" else set()
    return {scope for scope, access in (permissions or {}).items() if access not in ("read", "none")}


def chosen(workflow, step):
    """Return the variables of a step whose values others may choose."""
    env = workflow.get("env", {}) | step.get("env", {})
    given = {name for name, value in env.items() if "${{" in str(value) and not TRUSTED.fullmatch(str(value))}
    return given | {name for name in CHOSEN if re.search(rf"\${{?{name}\b", step.get("run", ""))}


def validations(script):
    """Return the pattern that each variable is required to match, by its name."""
    return dict(re.findall(r"^\[\[ \$(\w+) =~ (\^\S+\$) \]\] \|\| .*\bexit 1\b", script, re.MULTILINE))


def unquoted(script):
    """Return the variables that a script uses outside double quotes and [[ ]]."""
    script = re.sub(r"^\s*#.*$|\[\[ .*? \]\](?= \|\||$)", "", script, flags=re.MULTILINE)
    found, quoted, position = [], [False], 0
    while position < len(script):
        if script[position] == "\\":
            position += 1
        elif script[position] == "'" and not quoted[-1]:
            position = script.index("'", position + 1)
        elif script[position] == '"':
            quoted[-1] = not quoted[-1]
        elif script.startswith("$(", position):
            quoted.append(False)
            position += 1
        elif script[position] == ")" and len(quoted) > 1 and not quoted[-1]:
            quoted.pop()
        elif (name := re.compile(r"\$\{?(\w+)").match(script, position)) and not quoted[-1]:
            found.append(name[1])
        position += 1
    return found
