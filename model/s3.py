"""S3 as the environment describes it, the same for every program that reads or writes there."""

from __future__ import annotations

import os

from pyarrow import fs

_CONNECT_SECONDS, _REQUEST_SECONDS, _TRIES = 5, 60, 3


def open_s3() -> fs.S3FileSystem:
    """Return S3 from AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION or AWS_DEFAULT_REGION, and the SDK's own ones.

    A server that is not Amazon's needs no region.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    scheme, _, address = endpoint.rpartition("://")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ("us-east-1" if endpoint else None)
    return fs.S3FileSystem(
        region=region, scheme=scheme or "https", endpoint_override=address.rstrip("/") or None,
        connect_timeout=_CONNECT_SECONDS, request_timeout=_REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )  # fmt: skip
