"""Four workers score a file on S3 with a verified release; one of them is killed, and nothing is lost or doubled."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.helpers.cluster import IMAGE, PULL, ROOT, built, get, kubectl, run
from tests.helpers.repository import git
from tests.helpers.s3 import BUCKET, HERE, INSIDE, NAMES, REGION
from tests.helpers.server import model
from tests.helpers.waiting import until

SPACE, ROWS = "mlops-dev", 2_000_000
SELECTOR = "app=score-app-batch"


@pytest.fixture(scope="module")
def bucket(s3_keys):
    """Give a client of S3 with a file of two million rows."""
    scheme, _, address = HERE.partition("://")
    key, secret = (s3_keys[name] for name in NAMES)
    client = fs.S3FileSystem(access_key=key, secret_key=secret, region=REGION, scheme=scheme, endpoint_override=address)
    client.delete_dir_contents(f"{BUCKET}/batch", missing_dir_ok=True)
    draw = np.random.default_rng(0)
    table = pa.table({name: draw.uniform(0, 8, ROWS) for name in model("iris").signature.names})
    pq.write_table(
        table.append_column("id", pa.array(np.arange(ROWS))), f"{BUCKET}/batch/in.parquet", filesystem=client,
        row_group_size=1 << 16,
    )  # fmt: skip
    return client, table


@pytest.fixture(scope="module")
def repository(dev, tree, digest, s3_keys, tmp_path_factory):
    """Give a repository whose dev is verified, with workers that fit on a small node, and the keys in its namespace."""
    place = tmp_path_factory.mktemp("repository") / "tree"
    shutil.copytree(tree, place)
    shutil.copytree(ROOT / "batch", place / "batch")
    shutil.copytree(ROOT / "model" / "bundles", place / "model" / "bundles")
    job = place / "batch" / "job.yaml"
    job.write_text(job.read_text().replace('requests:\n              cpu: "1"', "requests:\n              cpu: 50m"))
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.email", "someone@example.org")
    git(place, "config", "user.name", "Someone")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "initial")
    run(sys.executable, "-m", "gitops", "release", f"0.1.0@{digest}", "--no-push", "--root", place)
    ledger = place / "promotions" / "dev.jsonl"
    entry = json.loads(ledger.read_text().splitlines()[-1])
    known = {key: entry[key] for key in ("tag", "digest", "commit")}
    verified = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "action": "verify", "actor": "a test", **known}
    with ledger.open("a") as stream:
        stream.write(json.dumps(verified) + "\n")
    given = [f"--from-literal={name}={value}" for name, value in (s3_keys | {"AWS_ENDPOINT_URL": INSIDE}).items()]
    kubectl("create", "secret", "generic", "score-app-s3", "-n", SPACE, *given)
    yield place
    kubectl("delete", "secret", "score-app-s3", "-n", SPACE, check=False)
    kubectl("delete", "job,networkpolicy", "-l", "app.kubernetes.io/name=score-app-batch", "-n", SPACE, check=False)


def test_a_file_is_scored_by_four_workers_one_of_which_is_killed(bucket, repository):
    client, table = bucket
    image = f"{PULL}-batch:0.1.0@{built(f'{IMAGE}-batch', 'TARGET=batch')}"
    command = [
        sys.executable, "-m", "gitops", "batch", "dev", "--root", repository, "--image", image, "--workers", "4",
        "--input", f"s3://{BUCKET}/batch/in.parquet", "--output", f"s3://{BUCKET}/batch/out/", "--yes",
    ]  # fmt: skip
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
        try:
            until(running, "a worker runs", 300)
            victim = running()[0]
            kubectl("delete", "pod", victim, "-n", SPACE, "--grace-period=0", "--force")
            output, _ = job.communicate(timeout=900)
        finally:
            job.kill()
    assert job.returncode == 0, output
    assert f"scored {ROWS} of {ROWS} rows with iris" in output, output
    found = pq.read_table(f"{BUCKET}/batch/out", filesystem=client).to_pandas().sort_values("id")
    assert found["id"].tolist() == list(range(ROWS))
    expected = model("iris").predict(np.column_stack([column.to_numpy() for column in table.columns]))
    pd.testing.assert_series_equal(
        found["prediction"].reset_index(drop=True), pd.Series(expected), check_names=False, check_dtype=False
    )
    assert client.get_file_info(f"{BUCKET}/batch/out/_SUCCESS").type == fs.FileType.File


def running():
    """Return the workers that run."""
    pods = get("pods", "-n", SPACE, "-l", SELECTOR)["items"]
    return [each["metadata"]["name"] for each in pods if each["status"].get("phase") == "Running"]
