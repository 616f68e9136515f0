"""What fills a body: small pieces, repeated, nested, made longer, under keys, until the body is as large as allowed."""

from dataclasses import dataclass
from itertools import count, islice, product
from string import ascii_lowercase

# Text before, text that may be repeated, text after.
NUMBERS = tuple((text, "", "") for text in ("1", "0", "-1", "1.5", "1e5", "0.1234567890123456", "1e308", "-0.0", "257"))
TEXTS = (
    ('"', "a", '"'), ('"', "é", '"'), ('"', "😀", '"'), ('"', "\\u0041", '"'), ('"', "\\ud83d\\ude00", '"'),
    ('"', "\\n", '"'), ('"', "<", '"'), ('"', "\x7f", '"'), ("", "9", ""), ("0.", "9", ""), ("", " ", "1"),
)  # fmt: skip
EMPTY = tuple(
    (text, "", "") for text in ("[]", "{}", '""', "null", "true", "[[]]", '{"":1}', "[1]", "[{}]", '{"a":{}}')
)
AN_ELEMENT = (*NUMBERS, *TEXTS, *EMPTY)
A_CELL = tuple(
    (before, unit, after)
    for before, unit, after in (
        ("", "1", "\n"), ("", "a", "\n"), ("", "a", ","), ("", ",", "\n"), ("", "\n", ""), ('"', "a", '"\n'),
        ('"', '""', '",'), ("", "😀", "\n"), ('"', "\n", '",'), ("", "\r\n", ""), ("1,", "1,", "1\n"), ('"', ",", '"'),
    )
)  # fmt: skip
PARTS = (
    ('--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n', "", "\r\n"),
    ('--x\r\nContent-Disposition: form-data; name="', "a", '"\r\n\r\n1\r\n'),
    ("--x\r\n", "A: b\r\n", "\r\n\r\n"),
    ("--x\r\n\r\n\r\n", "", ""),
)
FORM_FIELDS = (
    ("a=1", "", ""), ("", "%41", "="), ("sepal_length=", "1", ""), ("a", "a", "=1"), ("", "%F0%9F%98%80", "=1"),
    ("a", "=", ""),
    ("", "+", "="), ("x=", "%00", ""),
)  # fmt: skip


@dataclass(frozen=True)
class Filling:
    """How one hole is filled."""

    atom: int = 0
    times: int = 1
    """How often the repeatable text of the atom stands."""
    inner: int = 1
    """How many atoms stand in one group."""
    depth: int = 0
    """How many brackets are around each group."""
    brackets: str = ""
    """[] or {}; none where there are no groups."""
    keys: str = ""
    """How each element is named in an object: not, all alike, each otherwise, or with long names."""
    most: int = 1 << 30
    """The largest number of groups."""


def random_filling(rng, atoms):
    """Return a filling: often plain repetition, which is what passes validation."""
    atom = rng.randrange(min(len(atoms), 4)) if rng.random() < 0.5 else rng.randrange(len(atoms))
    if rng.random() < 0.5:
        return Filling(atom, times=_power(rng, 20) if rng.random() < 0.4 else 1)
    return Filling(
        atom, _power(rng, 21) if rng.random() < 0.3 else 1, _power(rng, 10),
        _power(rng, 20) if rng.random() < 0.3 else 1,
        rng.choice(("", "[]", "[]", "{}")), rng.choice(("", "", "same", "unique", "long")), _power(rng, 20),
    )  # fmt: skip


def _power(rng, most):
    """Return a number whose size is as often small as large."""
    return int(2 ** rng.uniform(0, most))


def mutated_filling(rng, filling, atoms):
    """Return a filling with one thing changed."""
    name = rng.choice(("atom", "times", "inner", "depth", "brackets", "keys", "most"))
    fresh = random_filling(rng, atoms)
    value = getattr(filling, name)
    if name in ("times", "inner", "depth", "most") and rng.random() < 0.6:
        changed = max(int(value * 2 ** rng.uniform(-3, 3)), name != "depth")
    else:
        changed = getattr(fresh, name)
    return Filling(**(filling.__dict__ | {name: min(changed, 1 << 30) if isinstance(changed, int) else changed}))


def _keys(kind):
    if kind == "same":
        return iter(lambda: '"a":', None)
    if kind == "long":
        return (f'"{"k" * 200}{number}":' for number in count())
    return (f'"{"".join(each)}":' for width in count(1) for each in product(ascii_lowercase, repeat=width))


def fill(filling, atoms, separator, size):
    """Return bytes of at most this size, and the number of atoms in them."""
    before, unit, after = atoms[filling.atom % len(atoms)]
    room = max(size - len((before + after).encode()), 0)
    times = min(filling.times, max(room // max(len(unit.encode()), 1), 1)) if unit else 1
    piece, inner = before + unit * times + after, filling.inner
    inner = max(min(inner, size // max(len(piece.encode()) + 1, 1)), 1)
    if not filling.keys:
        group = _wrapped(filling, separator.join([piece] * inner), size).encode()
        groups = max(min((size + len(separator)) // max(len(group) + len(separator), 1), filling.most), 1)
        return separator.encode().join([group] * groups), groups * inner
    return _named(filling, piece, inner, size)


def _wrapped(filling, text, size):
    if not filling.brackets or not filling.depth:
        return text
    opening, closing = ("[", "]") if filling.brackets == "[]" else ('{"a":', "}")
    depth = max(min(filling.depth, (size - len(text.encode())) // (len(opening) + 1)), 0)
    return opening * depth + text + closing * depth


def _named(filling, piece, inner, size):
    """Name every element: without brackets, in one object, or in many small ones."""
    step = len(piece.encode()) + {"long": 212, "same": 5}.get(filling.keys, 8)
    number = max(min(size // step, filling.most * inner), 1)
    names = [key + piece for key in islice(_keys(filling.keys), number)]
    if not filling.brackets:
        return ",".join(names).encode(), number
    inner = inner if filling.brackets == "[]" else number
    objects = ["{" + ",".join(names[start : start + inner]) + "}" for start in range(0, number, inner)]
    return ",".join(objects).encode(), number
