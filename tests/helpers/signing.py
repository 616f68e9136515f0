"""Keys for signatures, and signatures of whatever a test wants signed."""

import base64
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from model.bundle.files import SIGNATURE
from model.signing.bundles import sign
from model.signing.keys import identifier
from model.signing.keys import sign as signature_of
from model.signing.statement import file_of, signed_bytes


class Pair:
    """A private and a public key, each in its file."""

    def __init__(self, folder, name="key", key=None, password=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.private, self.public = folder / f"{name}-private.pem", folder / f"{name}-public.pem"
        locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        self.private.write_bytes(self.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked))
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public.write_bytes(self.key.public_key().public_bytes(pem, form))

    def sign(self, folder, *names):
        for name in names:
            sign(folder, name, self.key)

    def sign_payload(self, place, payload):
        """Sign any payload, and write the signature into a bundle's folder."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        content = file_of(identifier(self.key.public_key()), raw, signature_of(self.key, signed_bytes(raw)))
        (place / SIGNATURE).write_bytes(content)


def statement(place):
    """Return the statement that a signature file is over."""
    return json.loads(base64.b64decode(json.loads((place / SIGNATURE).read_bytes())["dsseEnvelope"]["payload"]))
