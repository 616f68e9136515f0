"""Run seeds or kept cases: `python -m tests.differential 17`, or `--count 500 --seed 0`, or `--kept`."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

# Before numpy is imported: several processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from tests.differential.front import FORMS, SUFFIX
from tests.differential.kept import KEPT, run_kept
from tests.differential.run import Report, run_seed


@click.command()
@click.argument("seeds", nargs=-1)
@click.option("--count", default=0, help="Run so many seeds.")
@click.option("--seed", default=0, show_default=True, help="The first of them.")
@click.option("--rows", default=200, show_default=True, help="Fresh rows a case.")
@click.option(
    "--form", type=click.Choice(list(SUFFIX)), default=FORMS[0], show_default=True, help="The form of --data."
)
@click.option("--kept", is_flag=True, help="Run the kept cases; a name as the argument runs that one.")
@click.option("--processes", default=1, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Show every failure, not the first of each kind.")
def main(seeds, count, seed, rows, form, kept, processes, everything):
    """Compare random pipelines, served, with themselves."""
    names = [each for each in seeds if each in KEPT] or (list(KEPT) if kept else [])
    numbers = [int(each) for each in seeds if each not in KEPT] or list(range(seed, seed + count))
    reports = []
    for task, asked in ((run_kept, names), (partial(run_seed, form=form, count=rows), numbers)):
        for report in _done(task, asked, processes):
            reports.append(report)
            if report.failures:
                print(shown(report, everything=everything), flush=True)
    summary(reports)
    raise SystemExit(int(any(report.failures for report in reports)))


def _done(task, asked: list, processes: int) -> Iterable[Report]:
    if processes == 1:
        yield from map(task, asked)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(task, asked)


def shown(report: Report, *, everything: bool = False) -> str:
    """Return what is wrong with one case."""
    head = f"\n== {report.name} ({report.runtime or 'not added'}): {report.pipeline[:1500]}"
    return "\n".join([head, *_grouped(report, everything=everything)])


def _grouped(report: Report, *, everything: bool) -> Iterator[str]:
    kinds = defaultdict(list)
    for failure in report.failures:
        kinds[failure.kind].append(failure)
    for kind, failures in kinds.items():
        channels = ", ".join(f"{name} {n}" for name, n in Counter(f.channel for f in failures if f.channel).items())
        yield f"  {kind}: {len(failures)} ({channels})"
        for failure in failures if everything else failures[:2]:
            yield f"    row {_short(failure.row)}" if failure.row else "    no row"
            yield f"      expected {failure.expected[:300]}\n      got      {failure.got[:600]}"


def _short(row) -> str:
    return str({name: v if len(str(v)) < 80 else f"{v[:60]}… ({len(v)})" for name, v in (row or {}).items()})


def summary(reports: list[Report]) -> None:
    """Print how many cases had which failures."""
    states = Counter(report.state for report in reports)
    print(f"\n{len(reports)} cases: {', '.join(f'{n} {state}' for state, n in states.most_common())}; "
          f"{sum(report.compared for report in reports)} answers compared; "
          f"runtimes {dict(Counter(r.runtime or 'none' for r in reports))}")  # fmt: skip
    kinds = defaultdict(list)
    for report in reports:
        for kind in dict.fromkeys(failure.kind for failure in report.failures):
            kinds[kind].append(report.name)
    for kind, names in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"{len(names):5}  {kind}: {' '.join(names[:12])}{' …' if len(names) > 12 else ''}")
    for reason, n in Counter(r.reason for r in reports if r.state == "refused").most_common(8):
        print(f"{n:5}  refused by add: {reason[:160]}")


if __name__ == "__main__":
    main(prog_name="python -m tests.differential")
