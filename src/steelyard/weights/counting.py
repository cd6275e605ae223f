"""Counts tensors while a file's bytes go by, chunk after chunk.

A tensor is cut into the same pieces wherever it lies in the file, so that equal bytes give
equal figures to the last bit, and a piece begins where a window of the search for payloads does.
"""

from collections import deque
from collections.abc import Sequence

from steelyard.weights.checks.low_bits import STRIDE, WIDTHS, Search
from steelyard.weights.statistics import Accumulator, Layout, Statistics, layout
from steelyard.weights.stream import Counted, Span

PIECE = 512 << 10
"""Bytes counted at once, or a little less: few enough to stay in a core's cache, enough that
a table of 65,536 counts costs little beside them."""


class Tally:
    """Every span of one file."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._searches = {width: Search(width) for width in set(WIDTHS.values())}
        self._all = [_Part(number, span) for number, span in enumerate(spans)]
        usable = (part for part in self._all if part.layout)
        self._waiting = deque(sorted(usable, key=lambda part: part.span.start))
        self._live: list[_Part] = []

    def take(self, chunk: memoryview, offset: int) -> None:
        """Count what lies in `chunk`, which starts at byte `offset` of the file."""
        end = offset + len(chunk)
        while self._waiting and self._waiting[0].span.start < end:
            self._live.append(self._waiting.popleft())
        for part in self._live:
            span = part.span
            mine = chunk[max(span.start - offset, 0) : span.end - offset]
            part.take(mine, self._searches, last=span.end <= end)
        self._live = [part for part in self._live if part.span.end > end]

    def result(self) -> tuple[Counted, ...]:
        """What came of each span, in their order."""
        for search in self._searches.values():
            search.flush()
        return tuple(self._counted(part) for part in self._all)

    def _counted(self, part: "_Part") -> Counted:
        if part.told is None:
            return Counted()
        search = self._searches.get(part.width)
        return Counted(
            statistics=part.told, hidden=search.found.get(part.number) if search else None
        )


class _Part:
    """One span: counts whole pieces, and keeps a piece that a chunk's end cuts."""

    def __init__(self, number: int, span: Span) -> None:
        self.number = number
        self.span = span
        self.layout = _whole(span)
        self.width = WIDTHS.get(span.dtype.upper(), 0)
        self.told: Statistics | None = None
        unit = STRIDE * self.width or (self.layout.unit if self.layout else 1)
        self._step = max(PIECE - PIECE % unit, unit)
        self._counted = 0
        self._rest = bytearray()
        self._accumulator: Accumulator | None = None

    def take(self, mine: memoryview, searches: dict[int, Search], *, last: bool) -> None:
        """Count `mine`, the next bytes of the span.

        The figures are drawn, and the counts let go, as soon as the span ends.
        """
        if self._rest:
            missing = self._step - len(self._rest)
            self._rest += mine[:missing]
            mine = mine[missing:]
            if len(self._rest) < self._step and not last:
                return
            self._count(memoryview(bytes(self._rest)), searches)
            self._rest = bytearray()
        whole = len(mine) if last else len(mine) - len(mine) % self._step
        for start in range(0, whole, self._step):
            self._count(mine[start : min(start + self._step, whole)], searches)
        self._rest += mine[whole:]
        if last and self._accumulator is not None:
            self.told, self._accumulator = self._accumulator.result(), None

    def _count(self, piece: memoryview, searches: dict[int, Search]) -> None:
        if self.layout is None:
            return
        self._accumulator = self._accumulator or self.layout.start()
        self._accumulator.add(piece)
        if self.width:
            searches[self.width].add(self.number, self._counted // STRIDE // self.width, piece)
        self._counted += len(piece)


def _whole(span: Span) -> Layout | None:
    """The span's layout, if the span is made of whole units."""
    found = layout(span.dtype)
    if found is None or not 0 <= span.start < span.end or (span.end - span.start) % found.unit:
        return None
    return found
