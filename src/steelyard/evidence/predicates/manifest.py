"""Predicate `manifest/v1`: which files a model is."""

from steelyard.errors import EvidenceError, InputError
from steelyard.evidence import encoding
from steelyard.evidence.manifest import Entry, Manifest
from steelyard.evidence.statement import Statement, about, predicate_type
from steelyard.evidence.value import Value


class ModelManifest(Value, frozen=True, kw_only=True):
    """The predicate; its subject's `sha256` is the digest of `entries`."""

    entries: tuple[Entry, ...]
    """By path."""

    excluded: tuple[str, ...]
    """Top-level names that are never part of a model (`design/050`), and signature files."""


def state(name: str, manifest: Manifest, excluded: tuple[str, ...], root: str) -> Statement:
    """The statement that `manifest` is the model `name`; `root` is its `omsRoot`."""
    return about(
        name,
        {"sha256": manifest.digest(), "omsRoot": root},
        "manifest",
        ModelManifest(entries=manifest.entries, excluded=excluded),
    )


def is_one(statement: Statement) -> bool:
    """Whether a statement is of this predicate."""
    return statement.predicate_type == predicate_type("manifest")


def read(statement: Statement) -> ModelManifest:
    """The predicate of a verified statement, which must name what it lists.

    Raises:
        EvidenceError: not this predicate, or the subject's digest is not that of the entries.
    """
    found = encoding.convert(statement.predicate, ModelManifest)
    try:
        digest = Manifest(entries=found.entries).digest()
    except InputError as error:
        raise EvidenceError(f"payload: {error}") from error
    if [subject.digest.get("sha256") for subject in statement.subject] != [digest]:
        raise EvidenceError("payload: the manifest lists other files than its subject names")
    return found
