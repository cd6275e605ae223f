"""Predicate `inspection/v1`: what is in the files, read without running anything."""

from typing import Literal

import msgspec

from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.value import Finding, Skipped, Value

LoadVerdict = Literal["safe", "review", "denied", "unreadable", "inert"]
"""Of one file. safe: every callable is on the allow-list; review: unknown but not known
harmful names are listed; denied: loading it runs or may run code; unreadable: the reader
could not finish, so nothing is known; inert: the format cannot call anything."""


class FileReport(Value, frozen=True, kw_only=True):
    """One file (or archive member worth a line of its own)."""

    path: str
    format: str
    """By content: `pickle`, `safetensors`, `gguf`, `zip`, `torch-zip`, `text`, …"""

    size: int
    sha256: str
    verdict: LoadVerdict
    callables: tuple[str, ...] = ()
    """`module.name` that loading would import, sorted."""

    tensors: int = 0
    parameters: int = 0
    """Elements over all tensors."""

    facts: dict[str, str] = msgspec.field(default_factory=dict)
    """What the file says of itself: `architecture`, `quantisation`, `licence`, …"""


class Inspection(Value, frozen=True, kw_only=True):
    """The predicate."""

    tool: Tool
    digest: str
    """Name-bound manifest digest."""

    files: tuple[FileReport, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...]
    """What could not be told. Not empty means: not everything was looked at."""

    sandbox: str
    """How the reader was confined, e.g. `landlock+seccomp+rlimits`, or why it was not."""
