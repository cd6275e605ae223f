"""Evidence kept as files in a folder, found by the digest that it is about."""

from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import EvidenceError, InputError
from steelyard.evidence import envelope as envelopes
from steelyard.evidence import statement as statements
from steelyard.evidence.envelope import Envelope
from steelyard.evidence.statement import Statement

SUFFIXES = (".json", ".sig", ".manifest")


@dataclass(frozen=True, slots=True)
class Stored:
    """An envelope in a file. Its statement was read, not verified."""

    path: Path
    data: bytes
    """The bytes to verify."""

    envelope: Envelope
    statement: Statement


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that says it is an envelope and cannot be read as one."""

    path: Path
    reason: str


def read(path: Path) -> Stored | Damaged:
    """What one evidence file holds.

    Raises:
        OSError: the file cannot be read at all.
    """
    if path.stat().st_size > envelopes.LARGEST:
        return Damaged(path, f"envelope: larger than {envelopes.LARGEST} bytes")
    data = path.read_bytes()
    try:
        found = envelopes.open(data)
    except EvidenceError as error:
        return Damaged(path, str(error))
    try:
        return Stored(path, data, found, statements.read(found.payload))
    except EvidenceError as error:
        return Damaged(path, f"payload: {error}")


def everything(folder: Path) -> list[Stored | Damaged]:
    """Every envelope under `folder`, by path; damaged ones too, never skipped in silence.

    A file counts as an envelope if its suffix is .json, .sig or .manifest and it mentions
    a DSSE envelope or a Sigstore bundle.

    Raises:
        InputError: `folder` is neither a folder nor a file.
    """
    if folder.is_file():
        return [read(folder)]
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of evidence")
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return [read(path) for path in files if _claims_to_be_one(path)]


def find(folder: Path, digest: str) -> list[Stored | Damaged]:
    """Envelopes about the model whose name-bound SHA-256 is `digest`, and damaged files.

    Raises:
        InputError: `folder` is not a folder.
    """
    return [
        each
        for each in everything(folder)
        if isinstance(each, Damaged)
        or any(subject.digest.get("sha256") == digest for subject in each.statement.subject)
    ]


def _claims_to_be_one(path: Path) -> bool:
    if path.stat().st_size > envelopes.LARGEST:
        return False
    data = path.read_bytes()
    return any(mark in data for mark in (b"dsseEnvelope", b"dev.sigstore.bundle", b"DSSE"))
