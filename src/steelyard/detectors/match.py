"""What a text detector that points at places yields."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """One place in a text that has the shape of something."""

    kind: str
    """What it looks like: `ssn`, `card`, `github-token`, …"""

    start: int
    """First character, counted from 0."""

    end: int
    """One past the last character."""

    valid: bool
    """True if every check that the kind's own rules allow (check digits, assigned ranges,
    lengths, structure) holds and it is no published specimen. Shape alone is not a find:
    models invent numbers, and documentation is full of placeholders."""
