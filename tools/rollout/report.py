"""Write docs/reliability.md and docs/soak.svg from what was left in build/reliability: make reliability."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.panels import Panel, Row, build, layout
from tools.dashboard.drawing import drawn

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "reliability"
PAGE = """# Nothing lost

What happens to requests while pods come and go. Written by `make reliability` on {date}, {machine}; each part has
a short form that is a test. A request is lost if it has no answer or a wrong one. The callers never retry.

## Without a cluster

Three real servers are replaced one by one, as a Deployment does it. The balancer in front of them learns each change up
to 5 seconds late, as kube-proxy may. Sixteen callers send 1,000 requests a second together; half of them keep their
connection.

| a pod is ended with | pods replaced | requests | lost | longest time without an answer |
|---|---|---|---|---|
{laptop}

In the last two rows the server does not drain. Otherwise it drains by itself at the signal: it still answers, asks
every caller to close the connection, and ends when no request has come for `DRAIN_IDLE_SECONDS`, or after
`DRAIN_TIMEOUT_SECONDS`.

A drain before that signal is for those who end the pod: `GET /drain` on the admin port needs the `User-Agent`
`kube-lifecycle/VERSION`, which the kubelet's hook sends, and `POST /drain` a loopback address, such as
`kubectl exec` or a sidecar has. Anybody else gets 403. Since a header can be forged, the NetworkPolicy of the component
`network-policy` is what keeps others from port 9000. A drain that no signal follows within `DRAIN_TIMEOUT_SECONDS`
and 15 s was a mistake: it is taken back, the log says `drain_taken_back`, and the pod serves on as before.

## On a cluster

Prod's manifests on one node, under Locust's mix and 200 requests a second from sixteen callers; while versions are
promoted, 100 a second from four callers. Each disturbance is repeated, one after the other.

| disturbance | times | requests | broken | refused | longest time without an answer |
|---|---|---|---|---|---|
{cluster}

*Broken* are the requests that were in flight when their process was killed; nothing can save them. *Refused* are
connections to a container that is gone, until the kubelet has noticed. Nothing was sent on them, so a caller who
retries at another pod loses nothing.

## Too much

{overload}

## For an hour

{soak}
"""
OVERLOAD = """400 callers send requests of 5,000 rows for 15 seconds, and do not wait for each other.

| | |
|---|---|
| requests a second that the server can answer | {capacity:.0f} |
| requests a second that were sent | {asked:.0f}, {requests:,} in all |
| refused with 503 and `Retry-After` | {shed:,} |
| lost otherwise | {otherwise_lost} |
| p99 of the accepted requests | {p99_ms:,.0f} ms |
| p99 when four callers send just what it can answer | {p99_calm_ms:,.0f} ms |
| readiness probes answered with ready meanwhile | {ready} of {looks} |
| most memory | {mib:.0f} MiB |
| first answer after the callers had stopped | {recovered_s:.2f} s |
| requests lost after that | {lost_after} |

The server takes as many requests at once as need 60 ms of CPU time together, eight in any case, and refuses the
others at once: [decision 8](decisions/0008-overload.md)."""
SOAK = """{requests:,} requests in {minutes} minutes on three pods, {lost} lost of those that were counted one
by one. Other work ran on the same two cores, and caused the peaks of the latency.
Memory of the pods: {first} MiB in the fifth minute,
{last} at the end; {files} open files and {threads} threads.

![Memory, files, threads and latency](soak.svg)"""


def row(*cells):
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells) + " |"


def read(name):
    path = PLACE / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def gap(outcome):
    return f"{outcome['worst_gap_ms']:,.0f} ms"


def laptop(found):
    return "\n".join(
        row(each["name"], each["replacements"], each["requests"], each["lost"], gap(each)) for each in found
    )


def cluster(found):
    # Broken are all but the refused, so that a lost request is in one column whatever it was lost to.
    return "\n".join(
        row(
            each["name"], each["times"], each["requests"], each["lost"] - each["refused"], each["refused"], gap(each)
        )
        for each in found
    )  # fmt: skip


def soak(found):
    held = [list(each["pods"].values()) for each in found["minutes"]]
    series = {
        what: [
            (pod[-5:], [(each["minute"] * 60, each["pods"][pod][what]) for each in found["minutes"]])
            for pod in found["minutes"][0]["pods"]
        ]
        for what in ("mib", "files", "threads")
    }
    latency = [
        (f"p{part}", [(each["seconds"], each[f"p{part}_ms"] / 1000) for each in found["latency"]]) for part in (50, 99)
    ]
    panels = [
        (Panel("Memory", {}, unit="suffix:MiB", width=12), series["mib"]),
        (Panel("Latency, counted from when it was due", {}, unit="s", width=12), latency),
        (Panel("Open files", {}, width=12), series["files"]),
        (Panel("Threads", {}, width=12), series["threads"]),
    ]
    ((_, _, places),) = layout([Row("An hour", [panel for panel, _ in panels])])
    pictures = []
    for (panel, place), (_, lines) in zip(places, panels, strict=True):
        place.y -= 1
        shown = json.loads(JSONEncoder().encode(build(panel).grid_pos(place).build()))
        pictures.append((shown, lines))
    (ROOT / "docs" / "soak.svg").write_text(drawn(pictures, "An hour of load"))
    return SOAK.format(
        requests=int(found["wrk"].split(" requests in")[0].split()[-1]) + found["summary"]["requests"],
        minutes=len(held), lost=found["summary"]["lost"],
        first=spread(held[min(4, len(held) - 1)], "mib"), last=spread(held[-1], "mib"),
        files=spread(held[-1], "files"), threads=spread(held[-1], "threads"),
    )  # fmt: skip


def spread(pods, what):
    low, high = (f"{pick(pod[what] for pod in pods):.0f}" for pick in (min, max))
    return low if low == high else f"{low} to {high}"


def main():
    first, second, third, much = (read(name) for name in ("laptop", "cluster", "soak", "overload"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    page = PAGE.format(
        date=datetime.now(UTC).date(), machine=f"{os.cpu_count()} cores, {memory:.0f} GiB", laptop=laptop(first),
        cluster=cluster(second) if second else "| no cluster was there | | | | | |",
        overload=OVERLOAD.format(**much, looks=much["ready"] + much["not"]),
        soak=soak(third) if third else "Not done; `python -m tools.soak` does it.",
    )  # fmt: skip
    (ROOT / "docs" / "reliability.md").write_text(page)


if __name__ == "__main__":
    main()
