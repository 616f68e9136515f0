"""Why a registry did not take an image: what docker, podman and buildah print, as a sentence with what to do."""

from __future__ import annotations

import re
from pathlib import Path

_ELSEWHERE = "give a name that this machine may push to with IMAGE=REGISTRY/NAME"
# The first that is found counts: what a registry answered comes before what the network did.
_REASONS = (
    (r"no basic auth|unauthori[sz]ed|authentication required|\b401\b", "{host} asks who you are: {login}"),
    (r"name unknown|repository .{0,80}does not exist", "{host} has no repository {path}: create it there first"),
    (r"denied|forbidden|insufficient_scope|\b403\b", "you may not push {path} to {host}: {login} as somebody who may"),
    (r"method not allowed|read.?only|\b405\b", f"{{host}} takes no images, as one that is read-only: {_ELSEWHERE}"),
    (r"too ?many ?requests|\b429\b", "{host} takes no more requests for now: wait, and give the same command again"),
    (r"no space left|quota|insufficient storage|\b507\b", "there is no room left, here or at {host}"),
    (r"http response to https client", "{host} speaks plain HTTP: name it as an insecure registry to the builder"),
    (r"x509|certificate", "the builder does not trust the certificate of {host}"),
    (r"no such host|name resolution|server misbehaving", f"there is no host {{host}}: {_ELSEWHERE}"),
    (r"refused|no route to host|unreachable|time.?out|timed out|deadline", "{host} does not answer: is it up?"),
    (r"reset by peer|broken pipe|\beof\b|closed network", "the connection to {host} broke: do the same again"),
    (r"\b5\d\d\b|server error", "{host} failed by itself: its log has why"),
)  # fmt: skip


def push_failure(name: str, builder: str, output: str) -> str:
    """Return a sentence about a push that failed; the last line of the builder where its words are not known."""
    first, _, rest = name.partition("/")
    is_host = rest and (re.search(r"[.:]", first) or first == "localhost")
    host, path = (first, rest) if is_host else ("docker.io", name)
    tool = Path(builder).name
    login = f"{tool if tool in ('docker', 'podman') else 'buildah'} login {host}"
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("make")]
    # Warnings of tries that failed say the same as the error after them.
    bare = [line.replace(path, "") for line in lines]
    wrong = [line for line in bare if re.search("error|denied", line, re.IGNORECASE)] or bare or ["it printed nothing"]
    line = f"{tool} says: {wrong[-1][-300:]}"
    for pattern, sentence in _REASONS:
        if re.search(pattern, wrong[-1], re.IGNORECASE):
            return f"{sentence.format(host=host, path=path, login=login)} ({line})"
    return line
