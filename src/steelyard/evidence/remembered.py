"""What a file came to, remembered as long as the file does not change.

A file counts as unchanged while its resolved path, size, inode, device and the times of its
last modification and last change of status are the same. That is a promise of the file system, not
of the bytes: whoever can write the disk below it can break it, and so can whoever can write
the cache (design/085). What must not rest on it hashes again.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from steelyard.evidence.hashing import Hashed, Part

SETTLED = 2.0
"""Seconds since its last change from which a file is remembered. A second change within one
tick of the file system's clock could not be seen; FAT's, the coarsest, is two seconds."""

MOST_ENTRIES = 20_000
"""Files kept; beyond them the oldest half goes."""


@dataclass(frozen=True, slots=True)
class State:
    """What is compared instead of the bytes."""

    path: str
    size: int
    modified: int
    changed: int
    """Nanoseconds since the epoch; the second cannot be set back by `utime`."""

    inode: int
    device: int
    taken: float
    """Seconds since the epoch when this was asked."""

    @property
    def is_settled(self) -> bool:
        """Whether a change after this was asked would show."""
        return self.taken - max(self.modified, self.changed) / 1e9 >= SETTLED

    def key(self, *about: str) -> str:
        """Name of the entry for this state and what else the answer depends on."""
        parts = [self.path, self.size, self.modified, self.changed, self.inode, self.device]
        return hashlib.sha256(msgspec.json.encode([*parts, *about])).hexdigest()


def state(path: Path) -> State:
    """The state of the file that `path` leads to.

    Raises:
        OSError: there is none.
    """
    real = path.resolve(strict=True)
    found = real.stat()
    return State(
        path=os.fsencode(real).hex(),
        size=found.st_size,
        modified=found.st_mtime_ns,
        changed=found.st_ctime_ns,
        inode=found.st_ino,
        device=found.st_dev,
        taken=time.time(),
    )


@dataclass(frozen=True, slots=True)
class Folder:
    """Entries by key, each a file that only its owner can read.

    A folder that another user could write is not used; an entry that is damaged is no entry.
    """

    path: Path

    def get(self, key: str) -> bytes | None:
        """What was put under `key`."""
        if not self._is_ours():
            return None
        try:
            data = (self.path / key[:2] / key).read_bytes()
        except OSError:
            return None
        digest, _, content = data.partition(b"\n")
        return content if digest == hashlib.sha256(content).hexdigest().encode() else None

    def put(self, key: str, content: bytes) -> None:
        """Remember `content`; where the folder cannot be written, nothing happens."""
        with contextlib.suppress(OSError):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            place = self.path / key[:2]
            place.mkdir(mode=0o700, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=place)  # 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
                Path(part).replace(place / key)
            except OSError:
                Path(part).unlink(missing_ok=True)

    def trim(self) -> None:
        """Let the oldest half go where there are too many."""
        with contextlib.suppress(OSError):
            entries = list(self.path.glob("??/*"))
            if len(entries) > MOST_ENTRIES:
                entries.sort(key=lambda entry: entry.stat().st_mtime)
                for entry in entries[: len(entries) // 2]:
                    entry.unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        try:
            found = self.path.stat()
        except OSError:
            return False
        return found.st_uid == os.getuid() and not found.st_mode & 0o022


class Digests(MutableMapping[tuple[Part, str], Hashed]):
    """A memory for `hashing.parts` that outlives the command."""

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder)
        self._before: dict[Part, State] = {}
        self._known: dict[tuple[Part, str], Hashed] = {}

    def __getitem__(self, key: tuple[Part, str]) -> Hashed:
        """The digest, of this command or of one before.

        Raises:
            KeyError: the file was never hashed, or has changed.
        """
        if key in self._known:
            return self._known[key]
        part, algorithm = key
        try:
            now = self._before[part] = state(part.path)
        except OSError:
            raise KeyError(key) from None
        data = self._folder.get(now.key("digest", algorithm, f"{part.start}-{part.end}"))
        if data is None:
            raise KeyError(key)
        try:
            self._known[key] = msgspec.json.decode(data, type=Hashed)
        except msgspec.DecodeError:
            raise KeyError(key) from None
        return self._known[key]

    def __setitem__(self, key: tuple[Part, str], value: Hashed) -> None:
        """Remember it, beyond this command too if the file did not change meanwhile."""
        self._known[key] = value
        part, algorithm = key
        before = self._before.get(part)
        name = ("digest", algorithm, f"{part.start}-{part.end}")
        with contextlib.suppress(OSError):
            if before and before.is_settled and state(part.path).key() == before.key():
                self._folder.put(before.key(*name), msgspec.json.encode(value))

    def __delitem__(self, key: tuple[Part, str]) -> None:
        """Forget it for this command."""
        del self._known[key]

    def __iter__(self) -> Iterator[tuple[Part, str]]:
        """What this command knows."""
        return iter(self._known)

    def __len__(self) -> int:
        """How many this command knows."""
        return len(self._known)
