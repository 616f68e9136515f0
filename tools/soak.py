"""An hour of load on the cluster, and what the pods hold every minute: python -m tools.soak --minutes 60.

wrk asks an environment's Service at a constant rate, and some callers beside it count every loss. Memory, files and
threads of each pod, and the latency, are left in build/reliability/soak.json. The environment must be there already.
"""

import json
import subprocess
import tempfile
from time import monotonic, sleep

import click

from tests.helpers.cluster import EXEC, ROOT, address, asking, kubectl, ready

CONNECTIONS = 16


def held(pod, namespace):
    """Return what a pod's server holds: resident MiB, open files, threads."""
    read = "cat /proc/1/status; echo Files: $(ls /proc/1/fd | wc -l)"
    output = kubectl("exec", "-n", namespace, pod, "--", "sh", "-c", read)
    facts = dict(line.split(":", 1) for line in output.splitlines() if ":" in line)
    return {
        "mib": round(int(facts["VmRSS"].split()[0]) / 1024, 1), "files": int(facts["Files"]),
        "threads": int(facts["Threads"]),
    }  # fmt: skip


def load(url, rate, seconds):
    """Ask so many times a second over connections that are kept."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write("wrk.method='POST'; wrk.body='{\"X\":[5.1,3.5,1.4,0.2]}'\n")
        script.write(f"function delay() return {1000 * CONNECTIONS / rate} end\n")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10", "-s", script.name, f"{url}/score"]
    return subprocess.Popen([*EXEC, *command], stdout=subprocess.PIPE, text=True)


@click.command(context_settings={"show_default": True})
@click.option("--namespace", default="mlops-prod", help="Where the pods are.")
@click.option("--minutes", default=60, help="How long.")
@click.option("--rate", default=4000, help="Requests a second.")
def main(namespace, minutes, rate):
    """Load a Service for long, and write down what its pods hold."""
    url, found, start = address(namespace), [], monotonic()
    bulk = load(url, rate, minutes * 60)
    with asking(url, rate=50, callers=8, every=60) as callers:
        for minute in range(1, minutes + 1):
            sleep(max(0.0, start + 60 * minute - monotonic()))
            line = {"minute": minute, "pods": {pod: held(pod, namespace) for pod in ready(namespace)}}
            found.append(line)
            click.echo(json.dumps(line))
        *each, summary = callers.lines()
    output, _ = bulk.communicate(timeout=60)
    (ROOT / "build" / "reliability").mkdir(parents=True, exist_ok=True)
    page = {"minutes": found, "latency": each, "summary": summary, "wrk": output}
    (ROOT / "build" / "reliability" / "soak.json").write_text(json.dumps(page, indent=1))
    click.echo(output)


if __name__ == "__main__":
    main()
