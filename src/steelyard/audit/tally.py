"""What the counted cases of one probe add up to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop

from steelyard.audit.dispatch import Settled
from steelyard.audit.events import GateInfo
from steelyard.audit.journal import Exchange
from steelyard.audit.probe import Card, Measure, Outcome
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.value import Estimate, Skipped
from steelyard.measure.claim import Claim
from steelyard.measure.sequential import SequentialTest, make
from steelyard.policy.policy import Gate

Figures = Mapping[str, Estimate | Skipped]
"""By the name of an aggregate."""

EXAMPLES = 5
"""Cases a reader is shown, per probe."""

LONGEST = 1500
"""Characters of a shown prompt or answer."""

NEXT_LOOK = 1.15
"""A watcher is told of a gate again when n has grown by this factor."""


@dataclass(slots=True)
class GateTest:
    """A gate and the evidence for and against it so far."""

    info: GateInfo
    gate: Gate
    test: SequentialTest
    state: predicate.GateState = "inconclusive"
    look: float = 1.0
    """Tell the watcher when n reaches this."""

    def due(self) -> bool:
        """Whether it is time to tell a watcher, at most a few dozen times a run."""
        if self.test.n < self.look:
            return False
        self.look = max(self.test.n + 1, self.test.n * NEXT_LOOK)
        return True


class Figure:
    """One measure: its interval over all cases, and by group."""

    def __init__(self, card: Card, measure: Measure, tests: Sequence[GateTest]) -> None:
        """`tests`: the gates on this measure; the first one's counts are the figure's."""
        self.measure = measure
        self.metric = f"{card.id}.{measure.name}"
        self._main = tests[0].test if tests else _test(card, measure, None)
        self._tests = [test.test for test in tests] or [self._main]
        self._groups: dict[str, SequentialTest] = {}

    @property
    def n(self) -> int:
        """Draws counted."""
        return self._main.n

    def add(self, value: float | None, group: str) -> None:
        """Count one outcome; None for one that is missing."""
        for test in self._tests:
            test.update(value)
        if group and value is not None:
            if group not in self._groups:
                kind, error = self.measure.kind, self.measure.error
                self._groups[group] = make(kind, None, 0, error)
            self._groups[group].update(value)

    def result(self, confidence: float) -> predicate.MeasureResult:
        """What the statement says of it."""
        estimate: Estimate | Skipped
        if self._main.n:
            estimate = self._main.estimate(confidence)
        else:
            estimate = Skipped(what=self.metric, reason="no case had an outcome for it")
        return predicate.MeasureResult(
            metric=self.metric,
            title=self.measure.title,
            better=self.measure.better,
            estimate=estimate,
            breakdown={
                group: test.estimate(confidence) for group, test in sorted(self._groups.items())
            },
        )


class Tally:
    """One probe's figures, gates and examples."""

    def __init__(self, card: Card, gates: Sequence[tuple[GateInfo, Gate]]) -> None:
        """`gates`: those on this probe's measures."""
        self.card = card
        self.tests: list[GateTest] = []
        self.figures: list[Figure] = []
        for measure in card.measures:
            mine = [
                GateTest(info, gate, _test(card, measure, gate))
                for info, gate in gates
                if gate.metric == f"{card.id}.{measure.name}"
            ]
            self.tests += mine
            self.figures.append(Figure(card, measure, mine))
        self.cases = self.missing = self.calls = 0
        self._outcomes: list[Outcome] = []
        self._aggregate: Callable[[Sequence[Outcome], float], Figures] | None = None
        self._worst: list[tuple[float, int, predicate.Example]] = []

    @property
    def undecided(self) -> bool:
        """Whether a gate still needs cases."""
        return any(test.state == "inconclusive" for test in self.tests)

    def add(self, settled: Settled) -> None:
        """Count the next case in the order drawn."""
        record = settled.sealed.record
        self.cases += 1
        self.calls += len(record.exchange)
        if record.error:
            self.missing += 1
            for figure in self.figures:
                figure.add(None, "")
            return
        replies = [exchange.reply for exchange in record.exchange]
        outcome = settled.probe.score(settled.case, replies)
        if self.card.aggregates:
            self._aggregate = settled.probe.aggregate
            self._outcomes.append(outcome)
        for figure in self.figures:
            if figure.measure.name in outcome.values:
                figure.add(outcome.values[figure.measure.name], outcome.group)
        self._remember(record.draw, record.exchange, outcome)

    def remaining(self, to_pass: float, to_fail: float) -> float:
        """Cases that the nearest open gate is expected to need to reach its log-evidence."""
        least = float("inf")
        for test in self.tests:
            if test.state == "inconclusive" and test.test.n:
                for bar, log_e in (
                    (to_pass, test.test.log_e_pass),
                    (to_fail, test.test.log_e_fail),
                ):
                    if log_e > 0:
                        least = min(least, (bar - log_e) / (log_e / test.test.n))
        return least

    def result(self, confidence: float) -> predicate.ProbeResult:
        """What the statement says of this probe."""
        card = self.card
        examples = [example for _, _, example in sorted(self._worst, reverse=True)]
        return predicate.ProbeResult(
            id=card.id,
            version=card.version,
            title=card.title,
            dimension=card.dimension,
            layer=card.layer,
            access=card.access,
            owasp=card.owasp,
            hit=card.hit,
            estimand=card.estimand,
            source=card.source,
            cases=self.cases,
            missing=self.missing,
            calls=self.calls,
            measures=(
                *(figure.result(confidence) for figure in self.figures),
                *self._aggregates(confidence),
            ),
            examples=tuple(examples),
        )

    def _aggregates(self, confidence: float) -> list[predicate.MeasureResult]:
        """Figures over all cases at once; no gate rests on them."""
        found = self._aggregate(self._outcomes, confidence) if self._aggregate else {}
        results = []
        for aggregate in self.card.aggregates:
            metric = f"{self.card.id}.{aggregate.name}"
            none = Skipped(what=metric, reason="no case had an outcome for it")
            results.append(
                predicate.MeasureResult(
                    metric=metric,
                    title=aggregate.title,
                    better=aggregate.better,
                    estimate=found.get(aggregate.name, none),
                )
            )
        return results

    def _remember(self, draw: int, exchange: tuple[Exchange, ...], outcome: Outcome) -> None:
        """Keep the worst cases, the earlier of two equally bad ones."""
        main = self.card.measures[0]
        value = outcome.values.get(main.name)
        if value is None or not exchange:
            return
        badness = {"lower": value, "higher": -value, "neither": abs(value)}[main.better]
        rank = (badness, -draw)
        if len(self._worst) == EXAMPLES and rank < self._worst[0][:2]:
            return
        shown = exchange[min(outcome.shown, len(exchange) - 1)]
        show = _short if self.card.mask == "none" else predicate.withheld
        example = predicate.Example(
            case=draw,
            prompt=show(_prompt(shown)),
            answer=show(shown.reply.text),
            note=outcome.note,
            hit=value >= 0.5,  # noqa: PLR2004 (a rate is 0 or 1; a mean leans one way)
            mask=self.card.mask,
        )
        if len(self._worst) < EXAMPLES:
            heappush(self._worst, (*rank, example))
        else:
            heappushpop(self._worst, (*rank, example))


def _test(card: Card, measure: Measure, gate: Gate | None) -> SequentialTest:
    claim = Claim(gate.op, gate.threshold) if gate is not None else None
    size = card.size if measure.kind == "rate" else 0
    return make(measure.kind, claim, size, measure.error)


def _prompt(exchange: Exchange) -> str:
    request = exchange.request
    turns = [(message.role, message.content) for message in request.messages]
    if request.prefill:
        turns.append(("assistant", f"{request.prefill}…"))
    if len(turns) == 1:
        return turns[0][1]
    return "\n\n".join(f"[{role}] {content}" for role, content in turns)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
