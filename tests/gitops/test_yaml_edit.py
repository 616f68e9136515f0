"""One value changes, and not a byte besides."""

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gitops.errors import GitopsError
from gitops.yaml_edit import add_text, entry, insert_after, remove_entry, replace_list, replace_value

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


@given(pages(), st.booleans())
def test_an_entry_that_is_copied_and_removed_leaves_the_text_as_it_was(page, windows):
    text, number = page
    text = text.replace("\n", "\r\n") if windows else text
    more = insert_after(text, ("images", number), entry(text, ("images", number)))
    images = yaml.safe_load(text)["images"]
    assert yaml.safe_load(more)["images"] == [*images[: number + 1], *images[number:]]
    assert remove_entry(more, ("images", number + 1)) == text


@given(st.sets(words, min_size=1), st.booleans())
def test_texts_are_added_in_order_under_a_key_at_its_place(values, windows):
    end = "\r\n" if windows else "\n"
    text = end.join(("# top", "kind: a # a comment", "images: [] # the last", ""))
    changed = text
    for value in values:
        changed = add_text(changed, "components", f"c/{value}", ("kind", "components", "images"))
    assert list(yaml.safe_load(changed)) == ["kind", "components", "images"]
    assert yaml.safe_load(changed)["components"] == sorted(f"c/{each}" for each in values)
    for _ in values:
        changed = remove_entry(changed, ("components", 0))
    assert changed == text


def test_a_comment_above_an_entry_goes_with_it_and_no_other():
    text = "all:\n  # of one\n  - a: 1\n    b: |\n      long\n  # of two\n  - a: 2 # here\n# of next\nnext: 1\n"
    assert remove_entry(text, ("all", 0)) == "all:\n  # of two\n  - a: 2 # here\n# of next\nnext: 1\n"
    assert remove_entry(remove_entry(text, ("all", 1)), ("all", 0)) == "# of next\nnext: 1\n"
