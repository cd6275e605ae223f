"""Which case comes next: a pure function of what has been counted so far.

Order of draws, not order of answers. Two phases:

1. *breadth*: every probe in turn, until each has its floor of cases, so that all
   dimensions have a figure even when the budget is small;
2. *depth*: what is left of the budget goes to open gates, `BATCH` cases at a time, first to
   the one that is expected to need the fewest more. Which probe is asked next may depend
   on what was counted (each gate has an e-process of its own, and choosing the next one is
   predictable), but never on what is still in flight.

The plan runs ahead on the assumption that nothing is decided; the dispatcher asks along it.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

BATCH = 16
"""Cases between two choices of the gate to work on; more would waste budget, fewer would
make the plan ahead guess wrong too often."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """One probe's place in the schedule."""

    calls: int
    """A case makes at most."""

    floor: int
    """Cases in the breadth phase; all there are for a probe without a gate."""

    gated: bool
    size: int = 0
    """Items of a finite set, 0 for no end."""

    n: int = 0
    """Counted."""

    done: bool = False
    remaining: float = math.inf
    """Cases that its nearest open gate is expected to need."""


class Draw(NamedTuple):
    """Case `number` (from 0) of lane `lane`.

    A tuple, because it is looked up some forty times a case, and a dataclass hashes slowly.
    """

    lane: int
    number: int


@dataclass(slots=True)
class _State:
    n: list[int]
    calls: int
    leader: int = -1
    left: int = 0
    """Cases of the current batch still to come."""


class Schedule:
    """The order of draws."""

    def __init__(self, lanes: Sequence[Lane], calls: int) -> None:
        """Plan for `lanes` within a budget of `calls` (0: no limit)."""
        self.lanes = lanes
        self._budget = calls or math.inf
        self._real = _State([0] * len(lanes), 0)
        self._ahead = _State([0] * len(lanes), 0)
        self._plan: deque[Draw] = deque()
        self._opens = False

    def head(self) -> Draw | None:
        """The case to count next; None when nothing is left to ask or to pay for."""
        found = self._pick(self._real)
        if found is None:
            return None
        draw = Draw(found[0], self._real.n[found[0]])
        if not self._plan or self._plan[0] != draw:
            self._replan()
            self._extend()
        self._opens = found[1]
        return draw

    def ahead(self, count: int) -> Iterator[Draw]:
        """The next `count` cases, the head first, if nothing is decided meanwhile."""
        while len(self._plan) < count and self._extend():
            pass
        return islice(self._plan, count)

    def counted(self, calls: int) -> None:
        """The head was counted, and made `calls` calls."""
        draw = self._plan.popleft()
        real, lane = self._real, self.lanes[draw.lane]
        if self._opens:
            real.leader, real.left = draw.lane, BATCH
        if real.leader == draw.lane:
            real.left -= 1
        lane.n += 1
        real.n[draw.lane] = lane.n
        real.calls += calls
        if lane.size and lane.n >= lane.size:
            self.finish(draw.lane)

    def finish(self, number: int) -> None:
        """Lane `number` needs no more cases."""
        self.lanes[number].done = True
        if self._real.leader == number:
            self._real.leader = -1
        self._replan()

    def _replan(self) -> None:
        real = self._real
        self._plan.clear()
        self._ahead = _State(list(real.n), real.calls, real.leader, real.left)

    def _extend(self) -> bool:
        state = self._ahead
        found = self._pick(state)
        if found is None:
            return False
        number, opens = found
        if opens:
            state.leader, state.left = number, BATCH
        if state.leader == number:
            state.left -= 1
        self._plan.append(Draw(number, state.n[number]))
        state.n[number] += 1
        state.calls += self.lanes[number].calls
        return True

    def _pick(self, state: _State) -> tuple[int, bool] | None:
        money = self._budget - state.calls
        young, least, deep = -1, math.inf, []
        for number, lane in enumerate(self.lanes):
            n = state.n[number]
            if lane.done or lane.calls > money or (lane.size and n >= lane.size):
                continue
            if n < lane.floor:
                if n < least:
                    young, least = number, n
            elif lane.gated:
                deep.append(number)
        if young >= 0:
            return young, False
        if not deep:
            return None
        if state.leader in deep and state.left > 0:
            return state.leader, False
        return min(deep, key=lambda number: (self.lanes[number].remaining, state.n[number])), True


def floors(calls: Sequence[int], budget: int, wanted: int, least: int = 4) -> int:
    """Cases for each probe in the breadth phase.

    `wanted` if half of the budget pays for that, else what half of it pays for, but
    `least` at the minimum. `calls`: what one case of each probe costs.

    >>> floors([1, 1, 3], 0, 40), floors([1, 1, 3], 100, 40), floors([1] * 50, 100, 40)
    (40, 10, 4)
    """
    if not budget:
        return wanted
    return max(least, min(wanted, budget // 2 // max(1, sum(calls))))
