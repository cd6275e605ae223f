"""One pass over a file's bytes: its SHA-256 and the figures of every tensor in it.

A chunk is read once; one thread hashes it while another counts it, so that a single big
file uses two cores. Memory is a few chunks, whatever the size of the file.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from steelyard.weights.statistics import Accumulator, Statistics, layout

CHUNK = 4 << 20
"""Bytes read at once: large enough that starting a thread's work costs nothing."""

PIECE = 256 << 10
"""Bytes counted at once: small enough to stay in a core's second-level cache."""


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
class Pass:
    """What one pass over a file gave."""

    size: int
    sha256: str
    statistics: tuple[Statistics | None, ...]
    """In the order of the spans; None where the type is not known or the span cannot be
    read as whole units inside the file."""


def over(path: Path, spans: Sequence[Span] = ()) -> Pass:
    """Read `path` once.

    Spans may lie in any order, overlap or leave the file: what cannot be counted gives None.
    """
    tallies = [_Tally(span) for span in spans]
    waiting = sorted((tally for tally in tallies if tally.usable), key=lambda t: t.span.start)
    whole = hashlib.sha256()
    size = 0
    with ThreadPoolExecutor(1) as hasher:
        for chunk in _chunks(path):
            hashed: Future[None] = hasher.submit(whole.update, chunk)
            while waiting and waiting[0].span.end <= size:
                waiting.pop(0)
            for tally in waiting:
                if tally.span.start >= size + len(chunk):
                    break
                tally.take(chunk, size)
            size += len(chunk)
            hashed.result()
    return Pass(
        size=size,
        sha256=whole.hexdigest(),
        statistics=tuple(tally.result(size) for tally in tallies),
    )


def _chunks(path: Path) -> Iterator[memoryview]:
    """The file's bytes, through two buffers in turn: the last chunk stays valid meanwhile."""
    buffers = (bytearray(CHUNK), bytearray(CHUNK))
    turn = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffers[turn]):
            yield memoryview(buffers[turn])[:count]
            turn = 1 - turn


class _Tally:
    """Counts one span's bytes as chunks go by, keeping a unit that a chunk's end cuts."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self._layout = layout(span.dtype)
        self._accumulator: Accumulator | None = None
        self._rest = b""
        if self._layout and 0 <= span.start < span.end:
            whole = (span.end - span.start) % self._layout.unit == 0
            self._accumulator = self._layout.start() if whole else None

    @property
    def usable(self) -> bool:
        return self._accumulator is not None

    def take(self, chunk: memoryview, offset: int) -> None:
        """Count the part of `chunk`, which starts at `offset` in the file, that is ours."""
        if self._accumulator is None or self._layout is None:
            return
        mine = chunk[max(self.span.start - offset, 0) : max(self.span.end - offset, 0)]
        if self._rest:
            missing = self._layout.unit - len(self._rest)
            self._rest += bytes(mine[:missing])
            mine = mine[missing:]
            if len(self._rest) < self._layout.unit:
                return
            self._accumulator.add(self._rest)
            self._rest = b""
        even = len(mine) - len(mine) % self._layout.unit
        step = PIECE - PIECE % self._layout.unit
        for start in range(0, even, step):
            self._accumulator.add(mine[start : min(start + step, even)])
        self._rest = bytes(mine[even:])

    def result(self, size: int) -> Statistics | None:
        """The figures, unless the span leaves the file."""
        if self._accumulator is None or self.span.end > size:
            return None
        return self._accumulator.result()
