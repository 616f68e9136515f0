"""This server beside its peers, in one run: writes docs/benchmarks.md and its chart.

Run: make bench. Rounds take turns, so that the machine's moods strike all alike; what cannot be installed or started
is named as such. One core is the server's, the other wrk's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from statistics import median

from benchmarks.arena import CONNECTIONS, HERE, SECONDS, VENVS, Figures, round_of
from benchmarks.chart import bars
from benchmarks.contestants import (
    BARE,
    BENTOML,
    COPIES,
    FASTAPI,
    GUNICORN,
    KSERVE,
    LITSERVE,
    MLFLOW,
    MLSERVER,
    NGINX,
    OURS,
    OURS_V1,
    OURS_V2,
    PEERS,
    Contestant,
)
from benchmarks.tensors import extras

ROUNDS = int(os.environ.get("ROUNDS", "3"))
DOCS = HERE / "docs"


@dataclass(frozen=True)
class Scenario:
    """A model, how many rows a request has, and who takes part."""

    title: str
    model: str
    contestants: tuple[Contestant, ...]
    rows: int = 1


SCENARIOS = (
    Scenario("A linear model, one row a request", "purchase", (OURS, OURS_V1, OURS_V2, *PEERS, *COPIES, BARE, NGINX)),
    Scenario(
        "A forest of 100 trees, one row a request", "iris",
        (OURS, OURS_V1, OURS_V2, GUNICORN, FASTAPI, LITSERVE, MLSERVER, KSERVE, *COPIES),
    ),
    Scenario("Gradient boosting, one row a request", "wine", (OURS, GUNICORN, FASTAPI, MLSERVER, KSERVE, *COPIES)),
    Scenario(
        "Numbers and words through a pipeline, one row a request", "churn",
        (OURS, GUNICORN, FASTAPI, LITSERVE, BENTOML, KSERVE, MLFLOW, *COPIES),
    ),
    Scenario("A forest of 100 trees, 1,000 rows a request", "iris",
        (OURS, OURS_V2, FASTAPI, MLSERVER, KSERVE, *COPIES), 1000,
    ),
)  # fmt: skip

Results = dict[str, Figures | str]


def measure(scenario: Scenario) -> Results:
    """Return each contestant's medians over rounds that take turns, or why it has none."""
    manifest = json.loads((HERE / "model" / "bundles" / scenario.model / "manifest.json").read_text())
    names = [feature["name"] for feature in manifest["signature"]["features"]]
    row = next(row for row in manifest["golden"]["rows"] if None not in row)
    rounds: dict[str, list[Figures]] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(ROUNDS):
            for each in scenario.contestants:
                if each.name in failed:
                    continue
                folder = Path(scratch) / re.sub(r"\W+", "-", each.name)
                folder.mkdir(exist_ok=True)
                print(f"{scenario.model} x {scenario.rows}, round {number + 1}: {each.name}", file=sys.stderr)
                try:
                    found = round_of(each, scenario.model, [row] * scenario.rows, names, folder)
                    rounds.setdefault(each.name, []).append(found)
                except (OSError, subprocess.SubprocessError, RuntimeError, AttributeError) as error:
                    log = folder / "log"
                    last = log.read_text().strip().splitlines()[-1:] if log.exists() else []
                    failed[each.name] = re.sub(r"/\S+/", "", f"{error}; {' '.join(last)}")[:120]
    medians = {name: Figures(*map(median, zip(*map(astuple, found), strict=True))) for name, found in rounds.items()}
    return {each.name: medians.get(each.name) or failed.get(each.name, "") for each in scenario.contestants}


def table(scenario: Scenario, results: Results) -> str:
    """Return the results as a table."""
    ours = results[OURS.name]
    lines = [
        f"## {scenario.title} (`{scenario.model}`)\n",
        "| | requests/s | ours is | p50 ms | p99 ms | errors | MiB | first answer s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in results.items():
        if isinstance(each, str):
            lines.append(f"| {name} | not measured: {each} | | | | | | |")
            continue
        times = "" if name == OURS.name else f"{ours.rate / each.rate:.2f}x"
        lines.append(
            f"| {name} | {each.rate:,.0f} | {times} | {each.p50:.1f} | {each.p99:.1f} | {each.errors:.0f} "
            f"| {each.memory:.0f} | {each.start:.2f} |"
        )
    return "\n".join(lines)


def bar_lines(scenario: Scenario, results: Results) -> list[str]:
    """Return the ratios that the product promises."""
    found = {name: each for name, each in results.items() if isinstance(each, Figures)}
    peers = {name: each for name, each in found.items() if not name.startswith(("score-app", "limit"))}
    copies = {each.name for each in COPIES}
    ours = found[OURS.name]
    best = max(each.rate for name, each in peers.items() if name not in copies)
    lines = [f"{scenario.title}: {ours.rate / best:.1f}x the best of the servers as their tutorials show them"]
    lines += [f"  {ours.rate / peers[name].rate:.2f}x {name}" for name in sorted(copies & peers.keys())]
    if BARE.name in found:
        lines.append(f"  {ours.rate / found[BARE.name].rate:.2f} of bare WSGI on the same server")
    for mine, theirs in ((OURS_V1.name, KSERVE.name), (OURS_V2.name, MLSERVER.name)):
        if mine in found and theirs in found:
            lines.append(f"  {mine}: {found[mine].rate / found[theirs].rate:.1f}x {theirs}")
    fastest = min(each.p50 for each in peers.values())
    lines.append(f"  our p99 {ours.p99:.1f} ms, the fastest peer's p50 {fastest:.1f} ms")
    if scenario.rows == 1:
        lines.append(f"  memory {ours.memory:.0f} MiB, first answer after {ours.start:.2f} s")
    return lines


def main() -> None:
    """Measure the scenarios whose numbers are named, or all; report what was measured last of each."""
    chosen = [int(number) for number in sys.argv[1:]] or list(range(1, len(SCENARIOS) + 1))
    for number in chosen:
        found = measure(SCENARIOS[number - 1])
        keep(f"scenario-{number}", {name: f if isinstance(f, str) else asdict(f) for name, f in found.items()})
    if not sys.argv[1:]:
        keep("more", extras())
    report()


def keep(name: str, found: object) -> None:
    """Keep what was measured, so that a long run need not be made again for one number."""
    (VENVS / f"{name}.json").write_text(json.dumps(found))


def report() -> None:
    """Write the page and its chart from what was measured."""
    results: list[tuple[Scenario, Results]] = []
    for number, scenario in enumerate(SCENARIOS, 1):
        kept = json.loads((VENVS / f"scenario-{number}.json").read_text())
        results.append((scenario, {name: f if isinstance(f, str) else Figures(**f) for name, f in kept.items()}))
    summary_lines = [line for scenario, found in results for line in bar_lines(scenario, found)]
    summary_lines.append(json.loads((VENVS / "more.json").read_text()))
    print("\n".join(summary_lines))
    head = (
        f"# Benchmarks\n\n`make bench`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python "
        f"{python_version()}: {ROUNDS} rounds of {SECONDS} s in turns, medians; one worker on one core, wrk with "
        f"{CONNECTIONS} connections on the other. Ours has keys, validation and metrics on. Each peer has an "
        "environment of its own with the newest releases, and the same fitted model, which gets an array where its "
        "rows are numbers. *An ONNX copy* is what one would build without us, with the copy that we have compiled.\n\n"
        "![chart](benchmarks.svg)\n"
    )
    summary = "```\n" + "\n".join(summary_lines) + "\n```\n"
    (DOCS / "benchmarks.md").write_text("\n".join([head, summary, *(table(*each) + "\n" for each in results)]))
    rates = {name: each.rate for name, each in results[0][1].items() if isinstance(each, Figures)}
    (DOCS / "benchmarks.svg").write_text(bars("Requests a second, one row, one core", rates))


if __name__ == "__main__":
    main()
