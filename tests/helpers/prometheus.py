"""Prometheus itself, its test tool, and services that it scrapes."""

import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import yaml

from tests.helpers.sample import rules
from tests.helpers.server import fetch, free_port
from tests.helpers.waiting import unless, until


def tool(name):
    found = shutil.which(name)
    unless(found, f"{name} is not here")
    return found


def promtool(*args):
    done = subprocess.run([tool("promtool"), *map(str, args)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


class Prometheus:
    """A server that is asked, by whatever can read its address."""

    def __init__(self, url, read):
        self.url, self.read = url, read

    def ask(self, query, way="query", **more):
        found = self.read(f"{self.url}/api/v1/{way}?{urlencode({'query': query, **more})}")
        return json.loads(found)["data"]["result"]

    def range(self, query, start, end, step):
        return self.ask(query, "query_range", start=start, end=end, step=step)

    def value(self, query):
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else None


@contextmanager
def watching(place, groups, jobs, every="1s", prefix=(), port=None, read=lambda url: fetch(url).body):
    """Start Prometheus with these rules and jobs, and give it once every target is scraped."""
    (place / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    often = {"scrape_interval": every, "evaluation_interval": every}
    page = {"global": often, "rule_files": [f"{place}/rules.yaml"], "scrape_configs": jobs}
    (place / "prometheus.yaml").write_text(yaml.safe_dump(page))
    listen = f"127.0.0.1:{port or free_port()}"
    process = subprocess.Popen(
        [*prefix, tool("prometheus"), f"--config.file={place}/prometheus.yaml", f"--storage.tsdb.path={place}/data",
         f"--web.listen-address={listen}", "--log.level=error"]
    )  # fmt: skip
    found = Prometheus(f"http://{listen}", read)
    targets = sum(len(each["targets"]) for job in jobs for each in job["static_configs"])
    try:
        # Not all at the same moment: a busy machine answers some scrapes too late.
        until(lambda: len(found.ask("max_over_time(up[1h]) == 1")) == targets, "every target was scraped")
        yield found
    finally:
        process.terminate()
        process.wait(30)


# What the kubelet and kube-state-metrics expose; neither is part of this service.
OTHERS = """container_cpu_cfs_periods_total{{container="score-app"}} {0}
container_cpu_cfs_throttled_periods_total{{container="score-app"}} {1}
kube_horizontalpodautoscaler_spec_max_replicas{{horizontalpodautoscaler="score-app"}} 10
kube_horizontalpodautoscaler_status_current_replicas{{horizontalpodautoscaler="score-app"}} 3
"""


class Others(BaseHTTPRequestHandler):
    scrapes = 0

    def do_GET(self):
        Others.scrapes += 1
        body = OTHERS.format(Others.scrapes * 10, Others.scrapes).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def observed(place, services, every="1s"):
    """Let Prometheus scrape these services as prod's pods under prod's rules, and what others expose about them."""
    others = ThreadingHTTPServer(("127.0.0.1", 0), Others)
    threading.Thread(target=others.serve_forever, daemon=True).start()
    other = [f"127.0.0.1:{others.server_port}"] * len(services)
    jobs = [
        {"job_name": name, "static_configs": [
            {"targets": [target], "labels": {"namespace": "mlops-prod", "service": name, "pod": f"score-app-{number}"}}
            for number, target in enumerate(targets, 1)
        ]}
        for name, targets in (
            ("score-app-metrics", [each.admin.removeprefix("http://") for each in services]), ("others", other)
        )
    ]  # fmt: skip
    try:
        with watching(place, rules()["groups"], jobs, every) as found:
            yield found
    finally:
        others.shutdown()
        others.server_close()


def filled(query):
    """Return a query as Grafana would send it."""
    return query.replace("$__rate_interval", "20s").replace("$namespace", "mlops-prod").replace("$model", ".*")
