"""One pass over a file's bytes: its SHA-256 and the figures of every tensor in it.

A chunk is read once; one thread hashes it while another counts it, so that a single big
file uses two cores. Memory is a few chunks, whatever the size of the file.
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from steelyard.weights.statistics import Accumulator, Layout, Statistics, layout

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
    usable = (tally for tally in tallies if tally.layout)
    waiting = deque(sorted(usable, key=lambda tally: tally.span.start))
    live: list[_Tally] = []
    whole = hashlib.sha256()
    size = 0
    with ThreadPoolExecutor(1) as hasher:
        for chunk in _chunks(path):
            hashed: Future[None] = hasher.submit(whole.update, chunk)
            end = size + len(chunk)
            while waiting and waiting[0].span.start < end:
                live.append(waiting.popleft())
            for tally in live:
                tally.take(chunk, size)
            live = [tally for tally in live if tally.span.end > end]
            size = end
            hashed.result()
    return Pass(
        size=size,
        sha256=whole.hexdigest(),
        statistics=tuple(tally.told for tally in tallies),
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
        self.layout = _whole(span)
        self.told: Statistics | None = None
        self._accumulator: Accumulator | None = None
        self._rest = b""

    def take(self, chunk: memoryview, offset: int) -> None:
        """Count the part of `chunk`, which starts at `offset` in the file, that is ours.

        The figures are drawn, and the counts let go, as soon as the span ends.
        """
        if self.layout is None:
            return
        self._accumulator = self._accumulator or self.layout.start()
        self._count(
            chunk[max(self.span.start - offset, 0) : self.span.end - offset],
            self.layout.unit,
            self._accumulator,
        )
        if self.span.end <= offset + len(chunk):
            self.told, self._accumulator = self._accumulator.result(), None

    def _count(self, mine: memoryview, unit: int, accumulator: Accumulator) -> None:
        if self._rest:
            missing = unit - len(self._rest)
            self._rest += bytes(mine[:missing])
            mine = mine[missing:]
            if len(self._rest) < unit:
                return
            accumulator.add(self._rest)
            self._rest = b""
        even = len(mine) - len(mine) % unit
        step = PIECE - PIECE % unit
        for start in range(0, even, step):
            accumulator.add(mine[start : min(start + step, even)])
        self._rest = bytes(mine[even:])


def _whole(span: Span) -> Layout | None:
    """The span's layout, if the span is made of whole units."""
    found = layout(span.dtype)
    if found is None or not 0 <= span.start < span.end or (span.end - span.start) % found.unit:
        return None
    return found
