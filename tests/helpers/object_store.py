"""A real S3 server: SeaweedFS as a process of its own, made by `make tools`."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

from tests.helpers.server import free_port
from tests.helpers.waiting import unless, until

WEED = Path(__file__).parents[2] / "build" / "tools" / "seaweedfs" / "bin" / "weed"
BUCKET = "score-app"


@contextmanager
def object_store(place):
    """Start the server with one bucket, and give the environment variables that lead to it, and a client."""
    unless(WEED.exists(), "SeaweedFS is not here: make tools")
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    keys = {"AWS_ACCESS_KEY_ID": "test-access-key", "AWS_SECRET_ACCESS_KEY": "test-secret-key"}
    (place / "data").mkdir()
    command = [
        WEED, f"-logdir={place}", "mini", f"-dir={place / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-bucket={BUCKET}", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-admin.ui=false",
        "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.port={ports['s3']}",
        f"-master.port={ports['master']}", f"-volume.port={ports['volume']}", f"-filer.port={ports['filer']}",
    ]  # fmt: skip
    environment = os.environ | keys | {"HOME": str(place), "GOMAXPROCS": "2"}
    with (place / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        try:
            address = f"127.0.0.1:{ports['s3']}"
            client = fs.S3FileSystem(
                access_key=keys["AWS_ACCESS_KEY_ID"], secret_key=keys["AWS_SECRET_ACCESS_KEY"],
                region="us-east-1", scheme="http", endpoint_override=address, connect_timeout=5,
            )  # fmt: skip
            until(lambda: client.get_file_info(BUCKET).type == fs.FileType.Directory, "the bucket is there")
            settings = {
                **keys, "AWS_ENDPOINT_URL": f"http://{address}", "AWS_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            }  # fmt: skip
            yield settings, client
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(place / "data", ignore_errors=True)
