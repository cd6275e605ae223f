"""Keeps many requests in flight along the plan, and hands cases out in the order drawn."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from steelyard.audit.journal import Exchange, Journal, Record, Sealed, seal
from steelyard.audit.probe import Case, Probe, Reply, Request
from steelyard.audit.schedule import Draw, Schedule
from steelyard.audit.seed import Seed
from steelyard.audit.target import Target
from steelyard.errors import InputError, TargetLostError, UnavailableError

AHEAD = 2
"""Calls asked in advance, in multiples of the concurrency: one slow answer at the head must
not idle the others, and a decision must not waste more than this."""

FAILURES_IN_A_ROW = 8
"""Calls that fail one after the other, each after its retries, before the run gives up."""

ATTEMPTS = 3
"""At one case, before it counts as missing although the endpoint answers others."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A case that can be counted."""

    probe: Probe
    case: Case
    sealed: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Who is asked, what, and where it is written down."""

    target: Target
    judge: Target | None
    probes: tuple[Probe, ...]
    """In the order of the schedule's lanes."""

    orders: tuple[tuple[int, ...], ...]
    """Item order of each probe's finite set; empty for a generator."""

    seed: Seed
    journal: Journal
    concurrency: int


@dataclass(frozen=True, slots=True)
class _Failure:
    case: Case
    why: str
    when: int
    """Cases begun until then: only one begun later proves that the endpoint still answers."""


@dataclass(slots=True)
class _Seen:
    """How much of a plan was asked already, from its head on."""

    plan: int = 0
    cases: int = 0
    calls: int = 0

    def drop(self, calls: int) -> None:
        """The head leaves the plan."""
        if self.cases:
            self.cases -= 1
            self.calls -= calls


class Dispatcher:
    """Asks ahead along `schedule`, at most `AHEAD` times the concurrency.

    A failed case is only believed to be missing once one that was begun later has succeeded:
    otherwise an endpoint that goes down would fill the journal with missing cases.
    """

    def __init__(self, panel: Panel, schedule: Schedule) -> None:
        """Nothing is asked before the first `take`."""
        self._panel = panel
        self._schedule = schedule
        self._window = AHEAD * panel.concurrency
        self._tasks: dict[asyncio.Task[tuple[Case, Record, float]], tuple[Draw, int]] = {}
        self._begun = 0
        self._seen = _Seen()
        self._calls = 0
        """In flight, at most: a case may make fewer than it announces."""

        self._flying: set[Draw] = set()
        self._settled: dict[Draw, Settled] = {}
        self._failed: dict[Draw, _Failure] = {}
        self._attempts: dict[Draw, int] = {}
        self._in_a_row = 0
        self._alive = False
        self._error: BaseException | None = None
        self._head: Draw | None = None
        """What is waited for."""

        self._wake: asyncio.Future[None] | None = None
        self._lines = asyncio.Semaphore(panel.concurrency)

    @property
    def surplus(self) -> int:
        """Cases that were asked and not taken."""
        return len(self._settled) + len(self._flying)

    async def take(self, draw: Draw) -> Settled:
        """Case `draw`, the schedule's head; asks for it and for those after it.

        Raises:
            UnavailableError: the endpoint goes on failing, or the journal can't be written.
        """
        while (found := self.ready(draw)) is None:
            if not self._flying:
                self._again(draw)
                continue
            self._head = draw
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        return found

    def ready(self, draw: Draw) -> Settled | None:
        """Case `draw`, the schedule's head, if it is there already; asks for those after it.

        Raises:
            UnavailableError: the endpoint goes on failing, or the journal can't be written.
        """
        if self._error is None:
            self._refill()
        if self._error is not None:
            raise self._error
        found = self._settled.pop(draw, None)
        if found is not None:
            self._seen.drop(self._schedule.lanes[draw.lane].calls)
        return found

    async def close(self) -> None:
        """Drop what is still in flight."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refill(self) -> None:
        """Start what the plan asks for, counting calls: a case may make several."""
        room = self._panel.concurrency - self._calls
        if room <= 0 or self._error is not None:
            return
        schedule, seen = self._schedule, self._seen
        if seen.plan != schedule.plan:
            self._seen = seen = _Seen(plan=schedule.plan)
        for draw in schedule.ahead(self._window, seen.cases):
            if room <= 0 or seen.calls >= self._window:
                return
            calls = schedule.lanes[draw.lane].calls
            known = draw in self._settled or draw in self._flying or draw in self._failed
            if not known and not self._reuse(draw):
                self._start(draw)
                room -= calls
            seen.cases += 1
            seen.calls += calls

    def _start(self, draw: Draw) -> None:
        self._flying.add(draw)
        self._calls += self._schedule.lanes[draw.lane].calls
        task = asyncio.create_task(self._ask(draw))
        self._begun += 1
        self._tasks[task] = draw, self._begun
        task.add_done_callback(self._landed)

    def _again(self, draw: Draw) -> None:
        if self._attempts.get(draw, 0) >= ATTEMPTS and self._alive:
            self._missing((draw,))
        else:
            self._failed.pop(draw, None)
            self._start(draw)

    def _reuse(self, draw: Draw) -> bool:
        probe = self._panel.probes[draw.lane]
        sealed = self._panel.journal.recorded.get((probe.card.id, draw.number))
        if sealed is None:
            return False
        case = self._case(draw)
        asked = tuple(e.request for e in sealed.record.exchange)
        if not sealed.record.error and asked[: len(case.requests)] != self._sown(case, draw):
            raise InputError(
                f"the journal asked something else in case {draw.number} of {probe.card.id}: "
                "it was made by other code; give another --out"
            )
        self._settled[draw] = Settled(probe, case, sealed)
        return True

    def _case(self, draw: Draw) -> Case:
        panel = self._panel
        probe, order = panel.probes[draw.lane], panel.orders[draw.lane]
        index = order[draw.number] if order else draw.number
        return probe.draw(panel.seed.draw(probe.card, index), index)

    def _sown(self, case: Case, draw: Draw) -> tuple[Request, ...]:
        """The case's requests, with a sampling seed where they sample."""
        if all(request.temperature <= 0 or request.seed for request in case.requests):
            return case.requests
        card = self._panel.probes[draw.lane].card
        return tuple(
            replace(request, seed=self._panel.seed.sampling(card, draw.number, place))
            if request.temperature > 0 and not request.seed
            else request
            for place, request in enumerate(case.requests)
        )

    async def _ask(self, draw: Draw) -> tuple[Case, Record, float]:
        started = time.monotonic()
        panel, probe, case = self._panel, self._panel.probes[draw.lane], self._case(draw)
        requests = self._sown(case, draw)
        try:
            replies = await self._put(panel.target, requests)
            follow = probe.follow_up(case, replies)
            if follow:
                replies += await self._put(panel.target, follow)
            question = probe.ask_judge(case, replies) if panel.judge is not None else ()
            if question and panel.judge is not None:
                replies += await self._put(panel.judge, question)
        except TargetLostError:
            raise
        except UnavailableError as error:
            return case, Record(probe=probe.card.id, draw=draw.number, error=str(error)), 0.0
        exchange = tuple(map(Exchange, (*requests, *follow, *question), replies))
        record = Record(probe=probe.card.id, draw=draw.number, exchange=exchange)
        return case, record, time.monotonic() - started

    async def _put(self, target: Target, requests: tuple[Request, ...]) -> list[Reply]:
        if len(requests) == 1:
            return [await self._one(target, requests[0])]
        return list(await asyncio.gather(*(self._one(target, r) for r in requests)))

    async def _one(self, target: Target, request: Request) -> Reply:
        async with self._lines:
            return await target.ask(request)

    def _landed(self, task: asyncio.Task[tuple[Case, Record, float]]) -> None:
        draw, begun = self._tasks.pop(task)
        self._flying.discard(draw)
        self._calls -= self._schedule.lanes[draw.lane].calls
        try:
            if not task.cancelled():
                case, record, seconds = task.result()
                if record.error:
                    self._fail(draw, case, record.error)
                else:
                    self._settle(draw, case, record, seconds)
                    self._succeed(begun)
                self._refill()
        except Exception as error:  # noqa: BLE001 (boundary of the event loop: `take` raises it)
            self._error = self._error or error
        ready = self._head in self._settled or self._error is not None or not self._flying
        if ready and self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _fail(self, draw: Draw, case: Case, why: str) -> None:
        self._in_a_row += 1
        self._attempts[draw] = self._attempts.get(draw, 0) + 1
        self._failed[draw] = _Failure(case, why, self._begun)
        if self._in_a_row >= FAILURES_IN_A_ROW:
            raise UnavailableError(f"{self._in_a_row} calls in a row failed, the last one: {why}")

    def _succeed(self, begun: int) -> None:
        self._in_a_row, self._alive = 0, True
        self._missing([draw for draw, failure in self._failed.items() if failure.when < begun])

    def _missing(self, draws: Iterable[Draw]) -> None:
        for draw in draws:
            failure = self._failed.pop(draw)
            card = self._panel.probes[draw.lane].card
            record = Record(probe=card.id, draw=draw.number, error=failure.why)
            self._settle(draw, failure.case, record, 0.0)

    def _settle(self, draw: Draw, case: Case, record: Record, seconds: float) -> None:
        sealed = seal(record)
        self._panel.journal.write(sealed, seconds)
        self._settled[draw] = Settled(self._panel.probes[draw.lane], case, sealed)
