"""Signed notes, checkpoints and proofs, in the text forms that transparency logs exchange.

Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-proof@v1.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from steelyard.errors import EvidenceError
from steelyard.evidence import merkle
from steelyard.evidence.keys import PublicKey

PROOF = "c2sp.org/tlog-proof@v1"
LONGEST = 1 << 20
"""Bytes. A longer note or proof is refused unread."""


class Signs(Protocol):
    """What signing a note needs."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""

    @property
    def public(self) -> PublicKey:
        """The key it is by."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at a size."""

    origin: str
    """Name of the log; also of its key."""

    size: int
    """Entries."""

    root: bytes

    def text(self) -> str:
        """The note to sign."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Proof:
    """That a log holds an entry, for a reader without the log."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    """Signed note."""

    def encode(self) -> bytes:
        """A `.tlog-proof` file."""
        lines = [PROOF, f"index {self.index}", *map(_base64, self.hashes), "", self.checkpoint]
        return "\n".join(lines).encode()


def sign(checkpoint: Checkpoint, signer: Signs) -> str:
    """The checkpoint as a signed note."""
    text = checkpoint.text()
    stamp = key_id(checkpoint.origin, signer.public) + signer.sign(text.encode())
    return f"{text}\n— {checkpoint.origin} {_base64(stamp)}\n"


def verify(note: str, keys: Sequence[PublicKey]) -> tuple[Checkpoint, PublicKey]:
    """The checkpoint in a signed note, and who signed it.

    Raises:
        EvidenceError: not a checkpoint, no signature by one of `keys`, or one of theirs
            that does not verify.
    """
    if len(note) > LONGEST or re.search(r"[\x00-\x09\x0b-\x1f]", note) or not note.endswith("\n"):
        raise EvidenceError("checkpoint: not a signed note")
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank:
        raise EvidenceError("checkpoint: not a signed note")
    checkpoint = _checkpoint(text)
    by: PublicKey | None = None
    for line in signatures.removesuffix("\n").split("\n"):
        match = re.fullmatch(r"— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        if match is None:
            raise EvidenceError("checkpoint: a line that is no signature")
        stamp = _plain(match[2])
        key = next((each for each in keys if key_id(match[1], each) == stamp[:4]), None)
        if key is None or match[1] != checkpoint.origin:
            continue
        if not key.is_signer_of(stamp[4:], text.encode()):
            raise EvidenceError("checkpoint: its signature does not verify")
        by = by or key
    if by is None:
        raise EvidenceError(f"checkpoint of {checkpoint.origin}: by no key that you trust")
    return checkpoint, by


def read_proof(data: bytes) -> Proof:
    """Read a `.tlog-proof` file, believing nothing.

    Raises:
        EvidenceError: not one.
    """
    try:
        text = data.decode() if len(data) <= LONGEST else ""
    except UnicodeDecodeError as error:
        raise EvidenceError("proof: not UTF-8") from error
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != PROOF:
        raise EvidenceError(f"proof: not a {PROOF}")
    rest = lines[2:] if lines[1:] and lines[1].startswith("extra ") else lines[1:]
    match = re.fullmatch(r"index (0|[1-9][0-9]{0,17})", rest[0]) if rest else None
    if match is None:
        raise EvidenceError("proof: no index")
    hashes = tuple(_plain(line) for line in rest[1:])
    if any(len(each) != merkle.SIZE for each in hashes):
        raise EvidenceError("proof: a hash of the wrong length")
    return Proof(int(match[1]), hashes, checkpoint)


def verify_proof(proof: Proof, entry: bytes, keys: Sequence[PublicKey]) -> Checkpoint:
    """The checkpoint, signed by one of `keys`, under which `entry` is logged.

    Raises:
        EvidenceError: the checkpoint is by none of `keys`, or the entry isn't in it.
    """
    checkpoint, _ = verify(proof.checkpoint, keys)
    included = merkle.is_included(
        merkle.leaf(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root
    )
    if not included:
        raise EvidenceError(f"proof: entry {proof.index} of {checkpoint.origin} is something else")
    return checkpoint


def key_id(name: str, key: PublicKey) -> bytes:
    """The four bytes that say which key signed a note."""
    if isinstance(key.key, ed25519.Ed25519PublicKey):
        return hashlib.sha256(f"{name}\n\x01".encode() + key.key.public_bytes_raw()).digest()[:4]
    der = key.key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).digest()[:4]


def _checkpoint(text: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    shape = len(lines) >= 3 and all(lines) and re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1])  # noqa: PLR2004 (origin, size, root)
    if not shape:
        raise EvidenceError("checkpoint: not an origin, a size and a root")
    root = _plain(lines[2])
    if len(root) != merkle.SIZE:
        raise EvidenceError("checkpoint: a root of the wrong length")
    return Checkpoint(lines[0], int(lines[1]), root)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _plain(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EvidenceError("not base64 in a signed note") from error
    if _base64(data) != text:
        raise EvidenceError("base64 with stray bits in a signed note")
    return data
