"""The rows of the table: what was tried, what it cost, and whether that is allowed."""

from dataclasses import dataclass
from time import monotonic

from tests.hostile_callers.prober import PROBES, worst_of_medians
from tests.hostile_callers.service import MEGABYTE, MOST, MOST_PROBE_SECONDS


@dataclass(frozen=True)
class Row:
    """One line."""

    kind: str
    case: str
    peak: float = 0.0
    probe: float = 0.0
    outcome: str = ""
    faults: tuple[str, ...] = ()

    def __str__(self):
        found = f"{self.kind:11} {self.case:44.44} {self.peak / MEGABYTE:8.1f} {self.probe * 1000:9.0f}  {self.outcome}"
        return found + (f"  FAILS: {'; '.join(self.faults)}" if self.faults else "")


HEAD = f"{'class':11} {'case':44} {'peak MiB':>8} {'probe ms':>9}  outcome"


class Watch:
    """Measures a service during one case."""

    def __init__(self, service, prober, kind, case):
        self.service, self.prober, self.kind, self.case = service, prober, kind, case
        self.start = monotonic()
        service.begin()

    def row(self, outcome="", faults=(), *, most=MOST):
        """Return what was found: memory, whether it lives, and each probe."""
        if self.prober:
            self.prober.settle()
        peak, faults = self.service.peak(), list(faults)
        if not self.service.alive:
            faults.append("the service was killed")
        elif peak > most:
            faults.append(f"{peak / MEGABYTE:.0f} MiB")
        worst = 0.0
        for name in PROBES if self.prober else ():
            found = self.prober.since(self.start, name)
            worst = max([worst, *(each.seconds for each in found)])
            if not found:
                faults.append(f"{name} was not probed")
            elif (middle := worst_of_medians(found)) > MOST_PROBE_SECONDS[name] and self.service.alive:
                wrong = {str(each.status or each.fault) for each in found if each.status != 200}
                faults.append(f"{name}: {', '.join(sorted(wrong)) or f'{middle:.1f} s'}")
        return Row(self.kind, self.case, peak, worst, outcome, tuple(faults))
