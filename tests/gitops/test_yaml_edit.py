"""One value changes, and not a byte besides."""

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops.errors import GitopsError
from gitops.yaml_edit import replace_list, replace_value

words = st.text("abc019.-", min_size=1, max_size=8)
comments = st.sampled_from(["", "  # a comment: with colon", "  # \"quoted\" 'too'"])
quotes = st.sampled_from(['"', "'"])


@st.composite
def pages(draw):
    """Write a kustomization with images in any spacing, order, quoting and commenting."""
    count = draw(st.integers(1, 4))
    lines = [f"# {draw(words)}", "kind: Kustomization", "images:"]
    indent = draw(st.sampled_from(["", "  "]))
    for number in range(count):
        fields = [("name", f"image-{number}"), ("newTag", draw(words)), ("digest", f"sha256:{draw(words)}")]
        for place, (key, value) in enumerate(draw(st.permutations(fields))):
            lead = f"{indent}-{' ' * draw(st.integers(1, 1))}" if place == 0 else f"{indent}  "
            mark = draw(quotes)
            lines.append(f"{lead}{key}: {mark}{value}{mark}{draw(comments)}")
        if draw(st.booleans()):
            lines.append("")
    lines += ["replicas:", "  - name: score-app", f"    count: {draw(st.integers(1, 9))}{draw(comments)}"]
    return "\n".join(lines) + "\n", draw(st.integers(0, count - 1))


@given(pages(), st.sampled_from(["newTag", "digest"]), words)
def test_exactly_the_intended_scalar_changes(page, key, value):
    text, number = page
    old = yaml.safe_load(text)["images"][number][key]
    assume(old != value)
    changed = replace_value(text, ("images", number, key), value)
    expected = yaml.safe_load(text)
    expected["images"][number][key] = value
    assert yaml.safe_load(changed) == expected
    before, after = text.splitlines(), changed.splitlines()
    (place,) = [n for n, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    mark = before[place].split(f"{key}: ")[1][0]
    assert after[place] == before[place].replace(f"{key}: {mark}{old}{mark}", f"{key}: {mark}{value}{mark}", 1)


def test_a_list_in_brackets_is_replaced():
    text = "on: # by hand\n  options: [dev, 'staging']  # in order\nnext: [1]\n"
    changed = replace_list(text, ("on", "options"), ["dev", "on"])
    assert changed == "on: # by hand\n  options: [dev, 'on']  # in order\nnext: [1]\n"
    for path in (("on",), ("on", "nothing"), ("next", 0)):
        with pytest.raises(GitopsError):
            replace_list(text, path, ["dev"])
