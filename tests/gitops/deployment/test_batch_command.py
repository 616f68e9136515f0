"""A job with an environment's verified release: what is applied, how it is followed, and what is refused."""

import json
import shutil
import sys

import pytest
import yaml

from tests.gitops.fake_cluster import CONFIG
from tests.helpers.manifests import ROOT
from tests.helpers.repository import DIGEST, NEW, NEWER
from tests.helpers.signing import Pair

ADDRESSES = ("--input", "s3://data/in/", "--output", "s3://data/out", "--workers", "4", "--yes")
KUBECTL = """#!{python}
import json, os, pathlib, sys
place, args = pathlib.Path("{place}"), sys.argv[1:]
if args[:1] in (["kustomize"], ["version"]):
    os.execv("{kubectl}", ["kubectl", *args])
args = args[2:] if args[0] == "--context" else args
with (place / "calls").open("a") as calls:
    calls.write(json.dumps(args) + "\\n")
states = json.loads((place / "states").read_text())
if args[0] == "get" and states:
    print(json.dumps(states[0]) if states[0] else "")
    (place / "states").write_text(json.dumps(states[1:] or states))
elif args[0] == "apply":
    (place / "applied").write_text(pathlib.Path(args[2]).read_text())
elif args[0] == "logs":
    print((place / "logs").read_text())
"""


def job(condition=None, succeeded=0, **status):
    conditions = [{"type": condition, "status": "True"}] if condition else []
    return {"spec": {"completions": 4}, "status": {"succeeded": succeeded, "conditions": conditions, **status}}


class FakeKubectl:
    def __init__(self, place):
        self.place = place

    def answers(self, *states, logs=""):
        (self.place / "states").write_text(json.dumps(states))
        (self.place / "logs").write_text(logs)

    @property
    def applied(self):
        return list(yaml.safe_load_all((self.place / "applied").read_text()))

    @property
    def verbs(self):
        file = self.place / "calls"
        return [json.loads(line)[0] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def fake(repository, tmp_path, monkeypatch):
    place = tmp_path / "fake"
    place.mkdir()
    program = KUBECTL.format(python=sys.executable, place=place, kubectl=shutil.which("kubectl"))
    (place / "kubectl").write_text(program)
    (place / "kubectl").chmod(0o755)
    (place / "config").write_text(CONFIG % "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", str(place), prepend=":")
    monkeypatch.setenv("KUBECONFIG", str(place / "config"))
    monkeypatch.setattr("gitops.deployment.batch._POLL_SECONDS", 0.01)
    shutil.copytree(ROOT / "batch", repository.place / "batch")
    shutil.copytree(ROOT / "model" / "bundles" / "iris", repository.place / "model" / "bundles" / "iris")
    repository.commit()
    repository.change("release", NEW)
    return FakeKubectl(place)


def test_the_bundle_of_the_verified_release_is_what_runs(fake, repository):
    repository.verified("dev")
    done = "scored 10 of 10 rows with iris: 4 parts in s3://data/out/"
    fake.answers(None, job(), job(succeeded=2), job("Complete", 4), logs=f"part-1: 3 of 3 rows\n{done}\n")
    result = repository.run("batch", "dev", *ADDRESSES, "--proba")
    assert result.exit_code == 0, result.output
    assert "2 of 4 workers are done" in result.stdout
    assert result.stdout.splitlines()[-1].endswith(done)
    (found,) = (each for each in fake.applied if each["kind"] == "Job")
    assert {each["metadata"]["namespace"] for each in fake.applied} == {found["metadata"]["namespace"]}
    assert (found["spec"]["completions"], found["spec"]["parallelism"]) == (4, 4)
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == [
        "score", "iris", "s3://data/in/", "s3://data/out/", "--shard=$(WORKER)/4", "--proba"
    ]  # fmt: skip
    assert container["image"].endswith("-batch:1.1.0")
    (volume,) = (each["image"]["reference"] for each in pod["volumes"] if "image" in each)
    assert volume.endswith(f"@{DIGEST}")
    mount = next(each for each in container["volumeMounts"] if each["name"] == "model")
    assert (mount["mountPath"], mount["subPath"]) == ("/bundles/iris", "app/bundles/iris")


def test_workers_take_only_what_the_service_takes(fake, repository, tmp_path):
    keys = Pair(tmp_path)
    page = repository.place / "components" / "signed-models" / "keys.pem"
    page.write_bytes(page.read_bytes() + keys.public.read_bytes())
    keys.sign(repository.place / "model" / "bundles", "iris")
    overlay = repository.overlay("dev")
    text = overlay.read_text().replace("components:\n", "components:\n  - ../../components/signed-models\n")
    overlay.write_text(text)
    repository.commit("signed models in dev")
    repository.change("release", NEWER)
    repository.verified("dev")
    fake.answers(None, job("Complete", 4))
    result = repository.run("batch", "dev", *ADDRESSES)
    assert result.exit_code == 0, result.output
    by_kind = {each["kind"]: each for each in fake.applied}
    pod = by_kind["Job"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (place,) = (each["value"] for each in container["env"] if each["name"] == "MODEL_KEYS")
    (name,) = (each["name"] for each in container["volumeMounts"] if each["mountPath"] == place)
    (config,) = (each["configMap"]["name"] for each in pod["volumes"] if each["name"] == name)
    assert by_kind["ConfigMap"]["metadata"]["name"] == config
    assert by_kind["ConfigMap"]["metadata"]["namespace"] == by_kind["Job"]["metadata"]["namespace"]
    assert keys.public.read_text() in by_kind["ConfigMap"]["data"]["keys.pem"]


def test_a_release_that_was_not_verified_is_refused(fake, repository):
    fake.answers(None)
    result = repository.run("batch", "dev", *ADDRESSES)
    assert (result.exit_code, fake.verbs) == (2, [])
    assert "dev has no verified release: python -m gitops verify dev" in result.stderr


def test_a_job_that_runs_is_followed_and_one_that_is_done_is_left(fake, repository):
    repository.verified("dev")
    fake.answers(job(succeeded=1), job("Complete", 4))
    assert "all 4 workers are done" in repository.run("batch", "dev", *ADDRESSES).stdout
    assert "is done already" in repository.run("batch", "dev", *ADDRESSES).stdout
    assert "apply" not in fake.verbs


def test_a_job_that_fails_says_why_and_is_begun_again(fake, repository):
    repository.verified("dev")
    failed = job("Failed", 3, failedIndexes="2")
    fake.answers(None, failed, logs="error: s3://data/in/: there is no bucket data\n")
    result = repository.run("batch", "dev", *ADDRESSES)
    assert result.exit_code == 1
    assert "the workers 2 have failed: s3://data/in/: there is no bucket data" in result.stderr
    fake.answers(failed, job("Complete", 4))
    assert repository.run("batch", "dev", *ADDRESSES).exit_code == 0
    assert [each for each in fake.verbs if each in ("delete", "apply")] == ["apply", "delete", "apply"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--input", "in.csv"), "--input is a path of this machine"),
        (("--output", "/data/out"), "--output is a path of this machine"),
        (("--model", "nobody"), "the release has no model 'nobody'; it has iris"),
    ],
)
def test_what_no_worker_could_do_is_refused(more, sentence, fake, repository):
    repository.verified("dev")
    fake.answers(None)
    result = repository.run("batch", "dev", *ADDRESSES, *more)
    assert (result.exit_code, fake.verbs) == (2, [])
    assert sentence in result.stderr
