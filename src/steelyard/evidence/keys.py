"""Public keys: what is needed to verify, and nothing that can sign."""

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from steelyard.errors import InputError

Algorithm = Literal["ed25519", "p256", "p384", "p521"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
Public = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

CURVES: dict[str, tuple[Algorithm, hashes.HashAlgorithm]] = {
    "secp256r1": ("p256", hashes.SHA256()),
    "secp384r1": ("p384", hashes.SHA384()),
    "secp521r1": ("p521", hashes.SHA512()),
}
"""Curve → our name, and the hash that goes with it.

From: sigstore/protobuf-specs, algorithm-registry.md.
"""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that can say whether a signature is its own."""

    key: Public
    name: str = ""
    """Where it came from, for people."""

    @property
    def pem(self) -> bytes:
        """SubjectPublicKeyInfo as PEM text, one trailing newline."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256, hexadecimal, of the PEM text: what `sha256sum key.pub` prints.

        The OpenSSF tool puts the same number into `publicKey.hint`.
        """
        return hashlib.sha256(self.pem).hexdigest()

    @property
    def algorithm(self) -> Algorithm:
        """Ours of the four."""
        if isinstance(self.key, ed25519.Ed25519PublicKey):
            return "ed25519"
        return CURVES[self.key.curve.name][0]

    def is_signer_of(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's, over `data`."""
        try:
            if isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, data)
            else:
                self.key.verify(signature, data, ec.ECDSA(CURVES[self.key.curve.name][1]))
        except InvalidSignature:
            return False
        return True


def load(pem: bytes, name: str = "") -> PublicKey:
    """Read a PEM public key.

    Raises:
        InputError: not a PEM public key, or not Ed25519 or ECDSA on P-256, P-384 or P-521.
    """
    if b"PRIVATE KEY" in pem:
        raise InputError(f"{name or 'key'}: this is a private key. Give the .pub beside it")
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{name or 'key'}: not a PEM public key") from error
    return PublicKey(checked(key, name), name)


def checked(key: object, name: str = "") -> Public:
    """`key`, if it is of a kind that evidence is signed with.

    Raises:
        InputError: any other kind.
    """
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        return key
    raise InputError(f"{name or 'key'}: use an Ed25519 or an ECDSA P-256, P-384 or P-521 key")
