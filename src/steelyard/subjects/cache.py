"""Fetched models: each in a folder of its own, complete and verified or not there.

    <cache>/subjects/<key>/            the files
    <cache>/subjects/<key>.json        what they must hash to, written last
    <cache>/subjects/<key>.lock        held while one process fetches, so that a second waits

A folder without its record is an interrupted fetch, and is continued.
"""

import fcntl
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import EvidenceError
from steelyard.evidence import manifest
from steelyard.evidence.encoding import canonical, decode
from steelyard.evidence.manifest import Manifest

_UNSAFE = re.compile(r"[^A-Za-z0-9.=_-]+")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one exact model in the cache."""

    folder: Path

    @property
    def _record(self) -> Path:
        return self.folder.with_name(self.folder.name + ".json")

    def verified(self) -> Manifest | None:
        """What is here, every byte hashed again; None where it is missing or incomplete.

        Hashing is the check: about 0.1 s for the embedded model, and the manifest is
        needed anyway.

        Raises:
            EvidenceError: the files are not those that were fetched.
        """
        if not self._record.exists() or not self.folder.is_dir():
            return None
        promised = decode(self._record.read_bytes(), Manifest)
        found = manifest.of(self.folder)
        if changes := manifest.difference(promised, found):
            raise EvidenceError(
                f"the cached copy is not what was fetched ({changes}). "
                f"Remove {self.folder} to fetch it again"
            )
        return found

    def seal(self) -> Manifest:
        """Record what is here as complete."""
        found = manifest.of(self.folder)
        draft = self._record.with_suffix(".json.part")
        draft.write_bytes(canonical(found))
        draft.replace(self._record)
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from fetching the same model meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(self.folder.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def slot(cache: Path, kind: str, *identity: str) -> Slot:
    """The place for the model that `identity` names exactly, e.g. package, version, digest."""
    readable = _UNSAFE.sub("-", "--".join((kind, *identity)))[:_LONGEST]
    exact = hashlib.sha256("\0".join((kind, *identity)).encode()).hexdigest()[:12]
    return Slot(cache / "subjects" / f"{readable}-{exact}")
