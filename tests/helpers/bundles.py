"""The committed bundles, and what is in the image of one."""

import io
import tarfile

SAMPLES = ("iris", "wine", "purchase", "churn", "echo")


def unpack(image, folder):
    """Write the files of a bundle's image, as a cluster mounts them."""
    folder.mkdir(parents=True)
    (layer,) = (blob for blob in image.blobs.values() if b"ustar" in blob[:512])
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            assert (member.isfile(), member.mode, "/" in member.name) == (True, 0o444, False)
            (folder / member.name).write_bytes(archive.extractfile(member).read())
