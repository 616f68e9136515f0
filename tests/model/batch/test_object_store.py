"""S3: the same files there, written whole or not at all. The server is SeaweedFS."""

import os
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import fs

from model.batch import locks
from model.batch.locks import only_writer
from model.batch.places import place
from model.prediction_log.store import Store
from tests.helpers.object_store import BUCKET, object_store
from tests.model.batch.conftest import answers, customers


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with object_store(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.fixture
def client(store, monkeypatch):
    """Give a client, with an environment that leads to the server."""
    settings, client = store
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return client


def listed(client, key):
    found = client.get_file_info(fs.FileSelector(f"{BUCKET}/{key}", recursive=True, allow_not_found=True))
    return sorted(each.path.removeprefix(f"{BUCKET}/{key}/") for each in found if each.type == fs.FileType.File)


def read(client, key):
    with client.open_input_file(f"{BUCKET}/{key}") as stream:
        return pd.read_parquet(stream)


def test_a_file_goes_there_and_back(client, parquet, frame, tmp_path, score):
    score(parquet, f"s3://{BUCKET}/one/out.parquet")
    assert listed(client, "one") == ["out.parquet", "out.parquet.lineage.json"]
    assert read(client, "one/out.parquet")["prediction"].tolist() == answers(frame)
    client.create_dir(f"{BUCKET}/raw")
    with client.open_output_stream(f"{BUCKET}/raw/in.csv") as stream:
        stream.write(frame.to_csv(index=False).encode())
    score(f"s3://{BUCKET}/raw/in.csv", tmp_path / "back.csv")
    assert pd.read_csv(tmp_path / "back.csv")["prediction"].tolist() == answers(frame)


def test_the_variable_of_s3_alone_and_no_region_lead_to_a_server_of_ones_own(client, store, monkeypatch):
    (settings, _), address = store, f"s3://{BUCKET}/variables"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"{settings['AWS_ENDPOINT_URL']}/")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    place(f"{address}/batch").write(b"a")
    Store(address).write(pa.table({"a": [1]}), "log.parquet")
    assert listed(client, "variables") == ["batch", "log.parquet"]


def test_a_log_of_any_name_is_found(client):
    log = Store(f"s3://{BUCKET}/logs/predictions")
    log.write(pa.table({"a": [1]}), "predictions/model=iris/1.parquet")
    assert log.paths("predictions") == ["predictions/model=iris/1.parquet"]


def test_workers_share_a_folder(client, tmp_path, score):
    frames = [customers(200, seed=number) for number in range(4)]
    for number, each in enumerate(frames):
        (tmp_path / "in").mkdir(exist_ok=True)
        each.to_parquet(tmp_path / "in" / f"{number}.parquet")
    for index in range(2):
        score(tmp_path / "in", f"s3://{BUCKET}/shared/", "--shard", f"{index}/2")
        assert ("_SUCCESS" in listed(client, "shared")) == (index == 1)
    found = pd.concat(read(client, f"shared/part-{number:05}-00000.parquet") for number in range(4))
    assert found["prediction"].tolist() == answers(pd.concat(frames))


def test_two_writers_of_one_output_are_refused(client, parquet, score, monkeypatch):
    monkeypatch.setattr(locks, "PULSE_SECONDS", 0.5)
    output = f"s3://{BUCKET}/two/out.parquet"
    with only_writer(place(output)):
        assert f"another process is writing {output}" in score(parquet, output, refused=True)
    score(parquet, output)
    assert listed(client, "two") == ["out.parquet", "out.parquet.lineage.json"]


def test_the_lock_of_a_process_that_was_killed_is_taken_over(client, parquet, score, monkeypatch):
    monkeypatch.setattr(locks, "STALE_SECONDS", 2)
    with client.open_output_stream(f"{BUCKET}/killed/out.parquet.lock") as stream:
        stream.write(b"somebody 3")
    score(parquet, f"s3://{BUCKET}/killed/out.parquet")
    assert listed(client, "killed") == ["out.parquet", "out.parquet.lineage.json"]


def test_a_run_that_was_stopped_leaves_no_object(client, tmp_path):
    customers(400_000).to_parquet(tmp_path / "in.parquet", row_group_size=20_000)
    (tmp_path / "scratch").mkdir()
    command = [sys.executable, "-m", "model", "score", "churn", "in.parquet", f"s3://{BUCKET}/stopped/out.parquet"]
    environment = os.environ | {"TMPDIR": str(tmp_path / "scratch")}
    with subprocess.Popen(
        [*command, "--explain"], stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        while process.poll() is None and not list(tmp_path.glob("scratch/*/rows")):
            os.sched_yield()
        process.terminate()
        reported = process.stderr.read()
    assert process.returncode == 2
    assert reported.startswith("error: stopped by SIGTERM: nothing was written; one file starts again")
    assert listed(client, "stopped") == list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("change", "bucket", "sentence"),
    [
        ({}, "nothing", "there is no bucket nothing"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, BUCKET, "the server refuses these credentials: check AWS_ACCESS_KEY_ID"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, BUCKET, "the server does not answer: check AWS_ENDPOINT_URL"),
    ],
)
def test_what_is_wrong_with_a_bucket_is_reported(
    change, bucket, sentence, there, client, parquet, tmp_path, score, monkeypatch
):
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    address = f"s3://{bucket}/wrong/out.parquet"
    given = (parquet, address) if there else (address, tmp_path / "out.parquet")
    assert sentence in score(*given, refused=True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
    assert listed(client, "wrong") == []


def test_a_bucket_alone_is_no_file(client, parquet, score):
    assert "names a bucket alone" in score(parquet, f"s3://{BUCKET}", refused=True)
