"""A body of a surface, as a small description that can be changed, kept and made again."""

import gzip
import zlib
from dataclasses import asdict, dataclass, replace

from tests.hostile_callers import wire
from tests.hostile_callers.shapes import Filling, fill, mutated_filling, random_filling

PLAIN = Filling()
CODINGS = ("", "", "", "gzip", "deflate")
CHUNKS = (0, 0, 0, 65_536, 4_096, 16)
PARTS = ("frame", *("first",) * 3, *("second",) * 2, "share", "size", "coding", "chunk", "query")
"""What a mutation changes, the likelier the more often it stands here."""


@dataclass(frozen=True)
class Body:
    """Which frame, what fills it, and how it is sent."""

    frame: int = 0
    first: Filling = PLAIN
    second: Filling = PLAIN
    share: float = 0.5
    """The part of the room that the first hole gets, where there are two."""
    size: float = 1.0
    coding: str = ""
    chunk: int = 0
    query: int = 0
    path: int = 0

    @classmethod
    def of(cls, kept):
        """Return the body that was kept as JSON."""
        return cls(**(kept | {"first": Filling(**kept["first"]), "second": Filling(**kept["second"])}))

    def kept(self):
        return asdict(self)


def random_body(rng, surface):
    return Body(
        int(len(surface.frames) * rng.random() ** 2), random_filling(rng, surface.atoms),
        random_filling(rng, surface.atoms),
        rng.random(), 1.0 if rng.random() < 0.8 else rng.random(), rng.choice(CODINGS), rng.choice(CHUNKS),
        rng.randrange(len(surface.queries)), rng.randrange(len(surface.paths)),
    )  # fmt: skip


def mutated(rng, body, surface):
    """Return a body with one or two things changed."""
    fresh = random_body(rng, surface)
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(PARTS)
        if name in ("first", "second"):
            changed = mutated_filling(rng, getattr(body, name), surface.atoms)
        else:
            changed = getattr(fresh, name)
        body = replace(body, **{name: changed})
    return body


def content(body, surface, largest):
    """Return the bytes of a body, of at most the largest size before it is compressed."""
    frame = surface.frames[body.frame % len(surface.frames)]
    room = int(largest * body.size) - len(frame.encode())
    for _ in range(12):
        made = _filled(frame, body, surface, max(room, 1))
        if len(made) <= largest:
            return made
        room -= len(made) - largest + 64
    return made[:largest]


def _filled(frame, body, surface, room):
    two = "@1" in frame
    room //= max(frame.count("@0"), 1)
    first, number = fill(body.first, surface.atoms, surface.separator, int(room * body.share) if two else room)
    made = frame.encode().replace(b"@n", b"%d" % number)
    if two:
        second, _ = fill(body.second, surface.atoms, surface.separator, int(room * (1 - body.share)))
        made = made.replace(b"@1", second)
    return made.replace(b"@0", first)


def sent(body, surface, largest):
    """Return all bytes of the request."""
    made = content(body, surface, largest)
    headers = {"Content-Type": surface.content_type, **dict(surface.headers)}
    if body.coding:
        made = gzip.compress(made, 6, mtime=0) if body.coding == "gzip" else zlib.compress(made, 6)
        headers["Content-Encoding"] = body.coding
    return wire.request(path(body, surface), headers, made, body.chunk)


def path(body, surface):
    return surface.paths[body.path % len(surface.paths)] + surface.queries[body.query % len(surface.queries)]


def described(body, surface):
    """Return a body in a line."""
    atoms, first = surface.atoms, body.first
    text = "".join(atoms[first.atom % len(atoms)])[:24].replace("\n", "\\n").replace("\r", "\\r")
    parts = [f"frame {body.frame % len(surface.frames)}", f"{text!r}x{first.times}x{first.inner}"]
    parts += [f"depth {first.depth}{first.brackets}"] if first.brackets and first.depth else []
    parts += [f"keys {first.keys}"] if first.keys else []
    parts += [body.coding] if body.coding else []
    parts += [f"chunks of {body.chunk}"] if body.chunk else []
    return " ".join(parts)
