"""One pass over a file's bytes: its SHA-256, and the figures of every tensor in it.

A chunk is read once; one thread hashes it while another counts it, so that a single big
file uses two cores. Memory is a few chunks, whatever the size of the file.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.weights.checks.low_bits import Hidden
    from steelyard.weights.counting import Tally
    from steelyard.weights.statistics import Statistics

CHUNK = 4 << 20
"""Bytes read at once: large enough that starting a thread's work costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a tensor lies in a file."""

    name: str
    dtype: str
    """safetensors or ggml name, e.g. `BF16`, `Q4_K`."""

    start: int
    end: int
    """Bytes; one past the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one span's values look like."""

    statistics: "Statistics | None" = None
    """None where the type is not known or the span is not made of whole units."""

    hidden: "Hidden | None" = None
    """The first window that looks like a payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass over a file gave."""

    size: int
    sha256: str
    counted: tuple[Counted, ...]
    """In the order of the spans; nothing where a span leaves the file."""


def over(path: Path, spans: Sequence[Span] = ()) -> Pass:
    """Read `path` once.

    Spans may lie in any order, overlap or leave the file: what cannot be counted gives None.
    """
    tally = _tally(spans)
    whole = hashlib.sha256()
    size = 0
    with ThreadPoolExecutor(1) as hasher:
        for chunk in _chunks(path):
            hashed: Future[None] = hasher.submit(whole.update, chunk)
            if tally:
                tally.take(chunk, size)
            size += len(chunk)
            hashed.result()
    counted = tally.result() if tally else ()
    return Pass(size=size, sha256=whole.hexdigest(), counted=counted)


def _tally(spans: Sequence[Span]) -> "Tally | None":
    """Numpy takes longer to import than most files to read: only where tensors are counted."""
    if not spans:
        return None
    from steelyard.weights.counting import Tally

    return Tally(spans)


def _chunks(path: Path) -> Iterator[memoryview]:
    """The file's bytes, through two buffers in turn: the last chunk stays valid meanwhile."""
    turn = 0
    with path.open("rb", buffering=0) as file:
        # Clearing two whole chunks took thirty times as long as reading a small file.
        length = min(CHUNK, os.fstat(file.fileno()).st_size + 4096)
        buffers = (bytearray(length), bytearray(length))
        while count := file.readinto(buffers[turn]):
            yield memoryview(buffers[turn])[:count]
            turn = 1 - turn
