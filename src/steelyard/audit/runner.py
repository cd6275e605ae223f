"""Asks until every gate is decided or the budget is spent, and says what came of it.

Soundness rests on three things, each in a module of its own: cases are independent draws
from a committed seed (`seed`), outcomes enter the statistics in the order drawn whatever
the latency (`dispatch`), and each gate's evidence may be looked at after every case
(`measure`). Gates share one error probability by e-Holm.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from steelyard.audit import events
from steelyard.audit.dispatch import Dispatcher, Panel
from steelyard.audit.journal import Chain
from steelyard.audit.schedule import OPENING, SHARE, Lane, Schedule, floor
from steelyard.audit.settings import Budget
from steelyard.audit.tally import GateTest, Tally
from steelyard.measure.multiplicity import EHolm
from steelyard.policy.policy import Gate, Policy

Stop = Literal["decided", "budget", "exhausted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run counts by: everything but whom it asks."""

    policy: Policy
    budget: Budget
    cases_without_gate: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a run came to."""

    tallies: tuple[Tally, ...]
    gates: tuple[GateTest, ...]
    unmeasured: tuple[Gate, ...]
    """Gates whose metric no chosen probe yields."""

    stopped: Stop
    chain: Chain
    calls: int
    tokens: int


class Runner:
    """One run over one panel."""

    def __init__(self, panel: Panel, plan: Plan, observer: events.Observer) -> None:
        """Match the policy's gates to the probes and plan the schedule."""
        self._panel, self._plan, self._observe = panel, plan, observer
        metrics = {
            f"{probe.card.id}.{measure.name}"
            for probe in panel.probes
            for measure in probe.card.measures
        }
        mine = [gate for gate in plan.policy.gates if gate.metric in metrics]
        self._unmeasured = tuple(g for g in plan.policy.gates if g.metric not in metrics)
        numbered = [
            (events.GateInfo(key=i, metric=g.metric, op=g.op, threshold=g.threshold), g)
            for i, g in enumerate(mine)
        ]
        self._tallies = tuple(Tally(probe.card, numbered) for probe in panel.probes)
        tests = [test for tally in self._tallies for test in tally.tests]
        self._gates = sorted(tests, key=lambda test: test.info.key)
        # All of the policy's gates, measured or not, so that judging the evidence again by
        # the same policy comes to the same decisions.
        self._holm = EHolm(max(1, len(plan.policy.gates)), plan.policy.alpha)
        self._lowest_bar = -math.log(plan.policy.alpha)
        self._schedule = Schedule(self._lanes(), plan.budget.calls)
        self._chain = Chain(panel.seed.commitment)
        self._calls = self._tokens = 0

    async def run(self) -> Counts:
        """Ask and count.

        Raises:
            UnavailableError: the endpoint goes on failing, or the journal can't be written.
        """
        self._observe(self._started())
        dispatcher = Dispatcher(self._panel, self._schedule)
        try:
            stopped = await self._loop(dispatcher)
        finally:
            await dispatcher.close()
        self._observe(events.Stopped(why=stopped, calls=self._calls, surplus=dispatcher.surplus))
        return Counts(
            tallies=self._tallies,
            gates=tuple(self._gates),
            unmeasured=self._unmeasured,
            stopped=stopped,
            chain=self._chain,
            calls=self._calls,
            tokens=self._tokens,
        )

    async def _loop(self, dispatcher: Dispatcher) -> Stop:
        budget, loop = self._plan.budget, asyncio.get_running_loop()
        deadline = loop.time() + budget.seconds if budget.seconds else None
        while (draw := self._schedule.head()) is not None:
            if budget.tokens and self._tokens >= budget.tokens:
                return "budget"
            if deadline is not None and loop.time() >= deadline:
                return "budget"  # everything may come from the journal, without a pause
            settled = dispatcher.ready(draw)
            if settled is None:
                try:
                    async with asyncio.timeout_at(deadline):
                        settled = await dispatcher.take(draw)
                except TimeoutError:
                    return "budget"
            tally, lane = self._tallies[draw.lane], self._schedule.lanes[draw.lane]
            self._chain.add(settled.sealed)
            tally.add(settled)
            calls = len(settled.sealed.record.exchange) or lane.calls
            self._calls += calls
            self._tokens += settled.sealed.record.tokens
            self._schedule.counted(calls)
            self._weigh(draw.lane)
            self._observe(
                events.Counted(
                    probe=tally.card.id, n=tally.cases, calls=self._calls, tokens=self._tokens
                )
            )
        return self._why_nothing_is_left()

    def _why_nothing_is_left(self) -> Stop:
        lanes = self._schedule.lanes
        if all(lane.done or (not lane.gated and lane.n >= lane.floor) for lane in lanes):
            open_gate = any(test.state == "inconclusive" for test in self._gates)
            return "exhausted" if open_gate else "decided"
        return "budget"

    def _weigh(self, number: int) -> None:
        """Decide what can be decided after a case of lane `number`."""
        tally, lane = self._tallies[number], self._schedule.lanes[number]
        if not tally.tests:
            if lane.n >= lane.floor and not lane.done:
                self._finish(number)
            return
        best = max(max(t.test.log_e_pass, t.test.log_e_fail) for t in tally.tests)
        if best >= self._lowest_bar:
            self._decide()
        lane.remaining = tally.remaining(*self._bars())
        for test in tally.tests:
            if test.state == "inconclusive" and test.due():
                self._observe(
                    events.GateMoved(
                        gate=test.info, estimate=test.test.estimate(self._plan.confidence)
                    )
                )

    def _decide(self) -> None:
        states = self._holm.decide([(t.test.log_e_pass, t.test.log_e_fail) for t in self._gates])
        for test, state in zip(self._gates, states, strict=True):
            if state != "open" and test.state == "inconclusive":
                test.state = state
                self._observe(
                    events.GateDecided(
                        gate=test.info,
                        estimate=test.test.estimate(self._plan.confidence),
                        state=state,
                    )
                )
        for number, tally in enumerate(self._tallies):
            if tally.tests and not tally.undecided and not self._schedule.lanes[number].done:
                self._finish(number)

    def _bars(self) -> tuple[float, float]:
        """Log-evidence that the next gate to pass, and the next to fail, needs."""
        states = [test.state for test in self._gates]
        left = (max(1, self._holm.gates - states.count(one)) for one in ("pass", "fail"))
        to_pass, to_fail = (math.log(number / self._plan.policy.alpha) for number in left)
        return to_pass, to_fail

    def _finish(self, number: int) -> None:
        self._schedule.finish(number)
        tally = self._tallies[number]
        self._observe(events.ProbeDone(probe=tally.card.id, n=tally.cases))

    def _lanes(self) -> Sequence[Lane]:
        ungated = [tally.card for tally in self._tallies if not tally.tests]
        paid = self._plan.budget.calls / (SHARE if self._gates else 1)
        wanted = floor([card.calls for card in ungated], paid, self._plan.cases_without_gate)
        turns = Counter[str]()
        lanes = []
        for tally in self._tallies:
            card, gated = tally.card, bool(tally.tests)
            cases = OPENING if gated else wanted
            lanes.append(
                Lane(
                    calls=card.calls,
                    floor=min(cases, card.size) if card.size else cases,
                    gated=gated,
                    size=card.size,
                    turn=turns[card.dimension],
                )
            )
            turns[card.dimension] += not gated
        return lanes

    def _started(self) -> events.Started:
        return events.Started(
            model=self._panel.target.record.model,
            commitment=self._panel.seed.commitment,
            probes=tuple(tally.card.id for tally in self._tallies),
            gates=tuple(test.info for test in self._gates),
            calls=self._plan.budget.calls,
            resumed=len(self._panel.journal.recorded),
        )
