"""Which case comes next: a pure function of what has been counted so far.

Order of draws, not order of answers. Wherever a run stops, it should have decided as many
gates as its calls allow, and have a figure for every dimension:

1. *opening*: every probe with a gate in turn, until each has `OPENING` cases;
2. then *depth*: to open gates, `BATCH` cases at a time, first to the one that is expected to
   need the fewest more calls;
3. beside it *breadth*: one call in `SHARE` goes to the probes without a gate, in turn and
   dimension by dimension, until each has its floor of cases. It gets everything once no gate
   is open.

Which probe is asked next may depend on what was counted (each gate has an e-process of its
own, and choosing the next one is predictable), but never on what is still in flight.

The plan runs ahead on the assumption that nothing is decided; the dispatcher asks along it.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

OPENING = 4
"""Cases after which it can be guessed how many more a gate needs."""

BATCH = 8
"""Cases between two choices of the gate to work on; more would waste budget, fewer would
make the plan ahead guess wrong too often."""

SHARE = 4
"""One call in so many is for breadth, after the opening and while a gate is open."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """One probe's place in the schedule."""

    calls: int
    """A case makes at most."""

    floor: int
    """Cases of the opening; all there are for a probe without a gate."""

    gated: bool
    size: int = 0
    """Items of a finite set, 0 for no end."""

    turn: int = 0
    """Place in its dimension: breadth goes to the first ones of all dimensions first."""

    n: int = 0
    """Counted."""

    done: bool = False
    remaining: float = math.inf
    """Cases that its nearest open gate is expected to need; infinite where nothing tells."""


class Draw(NamedTuple):
    """Case `number` (from 0) of lane `lane`.

    A tuple, because it is looked up some forty times a case, and a dataclass hashes slowly.
    """

    lane: int
    number: int


class _Pick(NamedTuple):
    lane: int
    deep: bool
    """Whether a gate is what it is for."""


@dataclass(slots=True)
class _State:
    n: list[int]
    calls: int = 0
    broad: int = 0
    """Of them for breadth."""

    deep: int = 0
    """Of them for depth."""

    leader: int = -1
    left: int = 0
    """Cases of the current batch still to come."""

    def spend(self, pick: _Pick, calls: int, *, gated: bool) -> None:
        """One case of a lane was drawn, and made `calls` calls."""
        self.n[pick.lane] += 1
        self.calls += calls
        if not gated:
            self.broad += calls
        elif pick.deep:
            self.deep += calls
            if self.leader != pick.lane or self.left <= 0:
                self.leader, self.left = pick.lane, BATCH
            self.left -= 1


class Schedule:
    """The order of draws."""

    def __init__(self, lanes: Sequence[Lane], calls: int) -> None:
        """Plan for `lanes` within a budget of `calls` (0: no limit)."""
        self.lanes = lanes
        self._budget = calls or math.inf
        self._real = _State([0] * len(lanes))
        self._ahead = _State([0] * len(lanes))
        self.plan = 0
        """Number of the plan that `ahead` follows: another one after a decision."""

        self._plan: deque[Draw] = deque()
        self._next = _Pick(0, deep=False)

    def head(self) -> Draw | None:
        """The case to count next; None when nothing is left to ask or to pay for."""
        found = self._pick(self._real)
        if found is None:
            return None
        draw = Draw(found.lane, self._real.n[found.lane])
        if not self._plan or self._plan[0] != draw:
            self._replan()
            self._extend()
        self._next = found
        return draw

    def ahead(self, count: int, start: int = 0) -> Iterator[Draw]:
        """Cases `start` to `count` from the head (0) on, if nothing is decided meanwhile."""
        while len(self._plan) < count and self._extend():
            pass
        return islice(self._plan, start, count)

    def counted(self, calls: int) -> None:
        """The head was counted, and made `calls` calls."""
        draw = self._plan.popleft()
        lane = self.lanes[draw.lane]
        self._real.spend(self._next, calls, gated=lane.gated)
        lane.n = self._real.n[draw.lane]
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
        self.plan += 1
        self._ahead = replace(real, n=list(real.n))

    def _extend(self) -> bool:
        state = self._ahead
        found = self._pick(state)
        if found is None:
            return False
        lane = self.lanes[found.lane]
        self._plan.append(Draw(found.lane, state.n[found.lane]))
        state.spend(found, lane.calls, gated=lane.gated)
        return True

    def _pick(self, state: _State) -> _Pick | None:
        money = self._budget - state.calls
        opening: list[int] = []
        broad: list[int] = []
        deep: list[int] = []
        for number, lane in enumerate(self.lanes):
            n = state.n[number]
            if lane.done or lane.calls > money or (lane.size and n >= lane.size):
                continue
            if n < lane.floor:
                (opening if lane.gated else broad).append(number)
            elif lane.gated:
                deep.append(number)
        if opening:
            return _Pick(min(opening, key=state.n.__getitem__), deep=False)
        if broad and (not deep or state.broad * (SHARE - 1) < state.deep):
            young = min(broad, key=lambda number: (state.n[number], self.lanes[number].turn))
            return _Pick(young, deep=False)
        if not deep:
            return None
        if state.leader in deep and state.left > 0:
            return _Pick(state.leader, deep=True)
        return _Pick(min(deep, key=lambda number: self._needs(number, state)), deep=True)

    def _needs(self, number: int, state: _State) -> tuple[float, int]:
        """Calls that lane `number` is expected to need, then its cases so far."""
        lane = self.lanes[number]
        return lane.remaining * lane.calls, state.n[number]


def floor(calls: Sequence[int], budget: float, wanted: int) -> int:
    """Cases for each probe without a gate.

    `wanted` if its part of the budget pays for that, else what that pays for, but
    `OPENING` at the least.

    Args:
        calls: What one case of each such probe costs.
        budget: Calls for all of them together; 0 for no limit.
        wanted: At most.

    >>> floor([1, 1, 3], 0, 40), floor([1, 1, 3], 100, 40), floor([1] * 50, 25, 40)
    (40, 20, 4)
    """
    if not budget:
        return wanted
    return max(min(OPENING, wanted), min(wanted, int(budget) // max(1, sum(calls))))
