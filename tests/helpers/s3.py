"""The S3 server in a test's cluster: a Service s3 in the namespace storage, with its keys in a Secret of that name.

E2E_S3 is its address here, E2E_BUCKET a bucket that it has.
"""

import base64
import os

from tests.helpers.cluster import get, run
from tests.helpers.waiting import unless

STORAGE = "storage"
HERE = os.environ.get("E2E_S3", "http://127.0.0.1:8333")
INSIDE = f"http://s3.{STORAGE}.svc:8333"
BUCKET = os.environ.get("E2E_BUCKET", "score-app")
REGION = "us-east-1"
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def require_keys():
    """Return the keys and the region, as clients take them from their environment."""
    there = run("kubectl", "get", "service", "s3", "-n", STORAGE, check=False).returncode == 0
    unless(there, "no S3 server in the cluster: a Service s3 in the namespace storage")
    data = get("secret", "s3", "-n", STORAGE)["data"]
    return {name: base64.b64decode(data[name]).decode() for name in NAMES} | {"AWS_REGION": REGION}
