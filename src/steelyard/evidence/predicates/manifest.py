"""Predicate `manifest/v1`: which files a model is."""

from steelyard.evidence.manifest import Entry
from steelyard.evidence.value import Value


class ModelManifest(Value, frozen=True, kw_only=True):
    """The predicate; its subject's `sha256` is the digest of `entries`."""

    entries: tuple[Entry, ...]
    """By path."""

    excluded: tuple[str, ...]
    """Top-level names that are never part of a model (`design/050`), and signature files."""
