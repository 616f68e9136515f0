"""A push that fails is a sentence with what to do, whatever docker, podman or buildah have printed."""

import pytest

from gitops.deployment.push_failures import push_failure

PULLED = "trying to reuse blob sha256:e8d4 at destination: "
X509 = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
LOST = "Patch http://r:1/v2/a/blobs/uploads/1: write tcp 127.0.0.1:1->127.0.0.1:2: write: connection reset by peer"

# The image, the builder, what it prints, and a part of the sentence for it.
OUTPUTS = {
    "refused": (
        "me/app",
        "buildah",
        "dial tcp 127.0.0.1:5005: connect: connection refused",
        "docker.io does not answer",
    ),
    "no host": (
        "r.example/me/app",
        "buildah",
        "dial tcp: lookup r.example on 10.0.0.1:53: no such host",
        "no host r.ex",
    ),
    "read-only": ("r:1/me/app", "buildah", "StatusCode: 405, Method not allowed", "r:1 takes no images"),
    "no password": ("r:1/me/app", "/tools/image", f"{PULLED}authentication required", "who you are: buildah login r:1"),
    "wrong password": (
        "ghcr.io/me/app",
        "podman",
        "unauthorized: invalid username",
        "who you are: podman login ghcr.io",
    ),
    "somebody else's": (
        "me/app",
        "docker",
        "denied: requested access to the resource is denied",
        "docker login docker.io",
    ),
    "no repository": (
        "r.eu/denied/401",
        "docker",
        "name unknown: The repository with name 'x' does not exist",
        "create it",
    ),
    "plain": ("r:1/app", "docker", "http: server gave HTTP response to HTTPS client", "speaks plain HTTP"),
    "own authority": ("r.local/app", "docker", X509, "does not trust the certificate of r.local"),
    "lost midway": ("r:1/me/app", "buildah", LOST, "the connection to r:1 broke: do the same again"),
    "broken": ("r:1/me/app", "buildah", "received unexpected HTTP status: 503 Service Unavailable", "failed by itself"),
    "unknown": ("r:1/me/app", "buildah", "the moon is in the way", "the moon is in the way"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_reason_is_reported_once_with_what_to_do(name):
    image, builder, error, why = OUTPUTS[name]
    tries = f'time="2026-11-28T11:01:40Z" level=warning msg="Failed, retrying in 2s ... (2/3). Error: {error}"\n' * 2
    output = f'{tries}Error: pushing image "{image}:1" to "docker://{image}:1": {error}\nmake: *** [push] Error 1\n'
    found = push_failure(image, builder, output)
    assert why in found
    assert found.count(error.replace("denied/401", "")) == 1


def test_a_builder_that_prints_nothing_is_reported_too():
    assert push_failure("r:1/app", "docker", "make: *** [push] Error 1") == "docker says: it printed nothing"
