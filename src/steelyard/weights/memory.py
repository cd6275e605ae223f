"""What unchanged files came to when they were last read.

The key of an outcome is the file's state, its name in the model, the settings, and everything
that reads: the sources of this package and the names of all installed distributions. The
entry is written by the parent, from an answer that it received; what was lost to a hang or
crash is not kept.
"""

import hashlib
import sys
from functools import cache
from pathlib import Path

import msgspec

import steelyard
from steelyard.evidence.remembered import Folder, State, state
from steelyard.evidence.value import Value
from steelyard.weights.examine import Outcome
from steelyard.weights.settings import Settings
from steelyard.weights.walk import Entry


class Answered(Value, frozen=True, kw_only=True):
    """One file's outcome, and where it came from."""

    outcome: Outcome
    confined: str
    """How the process that read it was confined."""

    lost: bool = False
    """The reading process died over it."""


class Memory:
    """Outcomes by file, where the settings name a cache; else it remembers nothing."""

    def __init__(self, settings: Settings) -> None:
        self._folder = Folder(settings.cache) if settings.cache else None
        self._settings = repr((settings.limits, settings.statistics, settings.sandbox))
        self._before: dict[Entry, State] = {}

    def recall(self, entry: Entry) -> Answered | None:
        """What the file came to, if it has not changed since."""
        if self._folder is None:
            return None
        try:
            now = self._before[entry] = state(entry.real)
        except OSError:
            return None
        data = self._folder.get(self._key(entry, now))
        if data is None:
            return None
        try:
            return msgspec.json.decode(data, type=Answered)
        except msgspec.DecodeError:
            return None

    def keep(self, entry: Entry, answer: Answered) -> None:
        """Remember it, if the file did not change while it was read."""
        before = self._before.get(entry)
        if self._folder is None or before is None or answer.lost or not before.is_settled:
            return
        try:
            unchanged = state(entry.real).key() == before.key()
        except OSError:
            return
        if unchanged and answer.outcome.report.size == before.size:
            self._folder.put(self._key(entry, before), msgspec.json.encode(answer))

    def tidy(self) -> None:
        """Let the oldest entries go where there are too many."""
        if self._folder is not None:
            self._folder.trim()

    def _key(self, entry: Entry, now: State) -> str:
        return now.key("outcome", entry.path, entry.real.name, self._settings, _program())


@cache
def _program() -> str:
    """Digest that changes with this package's sources and with what is installed beside it."""
    told = hashlib.sha256(f"{steelyard.__version__} {sys.version}".encode())
    root = Path(__file__).parent.parent
    for source in sorted(root.rglob("*.py")):
        found = source.stat()
        told.update(f"{source} {found.st_size} {found.st_mtime_ns}\n".encode())
    folders = (Path(folder) for folder in sys.path)
    installed = sorted(
        f"{info.parent}/{info.name}"
        for folder in folders
        if folder.is_dir()
        for info in folder.glob("*.*-info")
    )
    told.update("\n".join(installed).encode())
    return told.hexdigest()
