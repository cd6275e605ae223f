"""What one look at one pickle, or a row of them, found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from steelyard.weights.pickles.rules import LEVELS
from steelyard.weights.pickles.values import Global

Verdict = Literal["safe", "review", "denied", "unreadable"]
MOST_NOTES = 200
"""More of them tell nobody anything new."""


@dataclass(frozen=True)
class Note:
    """One observation: `rule` applies at bytes `start` to `end`."""

    rule: str
    message: str
    start: int
    end: int
    opcode: str


@dataclass(frozen=True)
class Storage:
    """The bytes of tensors, kept by the loader beside the pickle."""

    dtype: str
    """Name of torch's storage class, e.g. `FloatStorage`."""

    key: str
    elements: int


def nowhere() -> tuple[int, int, str]:
    """Give the place of what belongs to no opcode."""
    return -1, -1, ""


@dataclass
class Report:
    """Filled in while looking."""

    notes: dict[tuple[str, str], Note] = field(default_factory=dict)
    """By rule and subject: a name denied a thousand times is one note, at its first place."""

    imports: dict[str, Global] = field(default_factory=dict)
    """Every name that loading would import, at its first place."""

    reviewed: dict[str, int] = field(default_factory=dict)
    """Names not vouched for, with the offset of their first use."""

    storages: dict[str, Storage] = field(default_factory=dict)
    results: list[Any] = field(default_factory=list)
    """What each pickle would return."""

    calls: int = 0
    """Calls of what is not on the list of harmless callables."""

    made: int = 0
    """Calls and instances of any kind."""

    dropped: int = 0
    """Notes beyond `MOST_NOTES`."""

    where: Callable[[], tuple[int, int, str]] = nowhere

    def note(self, rule: str, message: str, subject: str = "") -> None:
        """Keep an observation, unless the same was made before."""
        key = (rule, subject or message)
        if key in self.notes:
            return
        if len(self.notes) >= MOST_NOTES:
            self.dropped += 1
            return
        start, end, opcode = self.where()
        self.notes[key] = Note(rule, message, start, end, opcode)

    def review(self, name: str) -> None:
        """Keep a name that a person should look at."""
        self.reviewed.setdefault(name, self.where()[0])

    def add(self, other: "Report") -> None:
        """Take over what another look found."""
        for key, note in other.notes.items():
            self.notes.setdefault(key, note)
        self.imports = {**other.imports, **self.imports}
        self.reviewed = {**other.reviewed, **self.reviewed}
        self.storages |= other.storages
        self.results += other.results
        self.calls += other.calls
        self.made += other.made
        self.dropped += other.dropped

    @property
    def verdict(self) -> Verdict:
        """The worst of what was noted; `denied` outweighs `unreadable`."""
        levels = {LEVELS[note.rule] for note in self.notes.values()}
        order: tuple[Verdict, ...] = ("denied", "unreadable", "review")
        for level in order:
            if level in levels:
                return level
        return "review" if self.reviewed else "safe"
