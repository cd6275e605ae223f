"""An audit arranged for a reader: rows with their demands, pairs, worst examples."""

from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.evidence.predicates.audit import (
    Audit,
    Example,
    GateResult,
    MeasureResult,
    ProbeResult,
)
from steelyard.evidence.value import Estimate, Skipped
from steelyard.policy import rule
from steelyard.render import words

OVER_REFUSAL = "over_refusal"
"""Measure that a security probe takes on the harmless twins of its attacks."""

WORST = 12
"""Examples that a report shows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and what is demanded of it."""

    probe: ProbeResult
    measure: MeasureResult
    gates: tuple[GateResult, ...]

    @property
    def unit(self) -> str:
        """Of the figure; where there is none, what its demands allow to conclude."""
        match self.measure.estimate:
            case Estimate(unit=unit):
                return unit
            case _ if any(gate.threshold < 0 for gate in self.gates):
                return "points"
            case _:
                return "fraction"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the four."""

    id: str
    title: str
    question: str
    rows: tuple[Row, ...]

    @property
    def gates(self) -> tuple[GateResult, ...]:
        """Every demand in it."""
        return tuple(gate for row in self.rows for gate in row.gates)

    @property
    def state(self) -> str:
        """The worst state of its demands; empty where nothing is demanded."""
        states = {gate.state for gate in self.gates}
        order = ("fail", "inconclusive", "not-measured", "pass")
        return next((state for state in order if state in states), "")


@dataclass(frozen=True, slots=True)
class Demand:
    """One gate with the figure it is about, if there is one."""

    gate: GateResult
    row: Row | None

    @property
    def title(self) -> str:
        """Its probe and measure in words, or the bare metric."""
        if self.row is None:
            return self.gate.metric
        measure = self.row.measure.title
        return f"{self.row.probe.title}: {measure[:1].lower()}{measure[1:]}"

    @property
    def unit(self) -> str:
        """Of figure and threshold; what is below zero can only be a difference."""
        if self.gate.threshold < 0:
            return "points"
        return self.row.unit if self.row else "fraction"

    @property
    def beyond(self) -> str:
        """Why it is decided although the interval reaches past the threshold; else empty."""
        figure = self.row.measure.estimate if self.row else None
        return rule.beyond(
            self.gate, self.gate.state, figure if isinstance(figure, Estimate) else None
        )


def dimensions(audit: Audit) -> tuple[Dimension, ...]:
    """The four dimensions in their order, then the self-test if it was run.

    A dimension without a single figure stands there too: what was not measured is shown.
    """
    every = tuple(rows(audit))
    found = (
        Dimension(id_, title, question, tuple(row for row in every if row.probe.dimension == id_))
        for id_, (title, question) in words.DIMENSIONS.items()
    )
    return tuple(one for one in found if one.rows or one.id != "selftest")


def rows(audit: Audit) -> Iterator[Row]:
    """Every figure with its demands."""
    for probe in audit.probes:
        for measure in probe.measures:
            gates = tuple(gate for gate in audit.gates if gate.metric == measure.metric)
            yield Row(probe, measure, gates)


def demands(audit: Audit) -> tuple[Demand, ...]:
    """Every gate, the broken first, then the undecided, then the met."""
    by_metric = {row.measure.metric: row for row in rows(audit)}
    order = ["fail", "inconclusive", "not-measured", "pass"]
    return tuple(
        Demand(gate, by_metric.get(gate.metric))
        for gate in sorted(audit.gates, key=lambda gate: order.index(gate.state))
    )


def pairs(audit: Audit) -> tuple[tuple[Row, Row], ...]:
    """(attack success, over-refusal on the harmless twins) of each probe that takes both.

    Either alone can be made perfect by a useless model: one that refuses everything, or
    one that refuses nothing.
    """
    found = []
    for probe in audit.probes:
        own = {
            row.measure.metric.rpartition(".")[2]: row for row in rows(audit) if row.probe is probe
        }
        names = list(own)
        if OVER_REFUSAL in own and names[0] != OVER_REFUSAL:
            found.append((own[names[0]], own[OVER_REFUSAL]))
    return tuple(found)


def worst(audit: Audit) -> tuple[tuple[ProbeResult, Example], ...]:
    """Examples in turn from every probe, so that no probe crowds out the others."""
    queues = [[(probe, example) for example in probe.examples] for probe in audit.probes]
    deepest = max((len(queue) for queue in queues), default=0)
    turns = [queue[turn] for turn in range(deepest) for queue in queues if turn < len(queue)]
    return tuple(sorted(turns, key=lambda turn: not turn[1].hit)[:WORST])


def unmeasured(audit: Audit) -> tuple[Skipped, ...]:
    """Everything that was left out, once, with its reason."""
    figures = tuple(
        row.measure.estimate for row in rows(audit) if isinstance(row.measure.estimate, Skipped)
    )
    return tuple(dict.fromkeys((*audit.not_measured, *figures)))
