"""How far an inspection goes."""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Budgets of one file. Beyond them the file is reported, not read on."""

    depth: int = 8
    """Archives inside archives."""

    members: int = 20_000
    """Archive members over all depths."""

    expanded: int = 4 << 30
    """Bytes that decompression may yield over all members."""

    ratio: int = 400
    """Bytes out for one byte in, once more than `free` bytes came out of one member."""

    free: int = 64 << 20
    """Bytes that a member may expand to whatever the ratio."""

    findings: int = 1_000
    """Findings kept of one file; a file with more is reported as such."""

    seconds: float = 300.0
    """Wall time for one file's structure; hashing and statistics have `pace` on top."""

    pace: float = 20e6
    """Bytes a second, the slowest disk for which a big file is not a hang."""

    memory: int = 4 << 30
    """Bytes of address space that the reading process may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `inspect` is told."""

    limits: Limits = field(default_factory=Limits)
    sandbox: bool = True
    """Read in a confined process. Off, a crash of the reader is a crash of the program."""

    statistics: bool = True
    """Count every tensor's values (NaN, dead, hidden payloads); off, structure only."""

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Reading processes at once, at most. No result depends on it."""

    cache: Path | None = None
    """Folder that remembers what unchanged files came to; None: every file is read."""
