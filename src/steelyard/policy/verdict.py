"""From evidence to a verdict, without asking the model anything.

A gate is decided by the evidence's own e-values where it tested the same claim, recomputed
for this policy's family of gates; otherwise by the figure's anytime-valid interval, and the
reason says so, because an interval covers for its figure alone.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from steelyard.evidence.encoding import convert
from steelyard.evidence.predicates.audit import Audit, Verdict
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement, predicate_type
from steelyard.evidence.value import Estimate
from steelyard.measure.multiplicity import Decision
from steelyard.policy import rule
from steelyard.policy.policy import Gate, Policy, Waiver
from steelyard.policy.rule import Key, State

RANK: tuple[State, ...] = ("fail", "pass", "inconclusive", "stale", "not-measured")
"""Which of several pieces of evidence counts: a failure does not heal by being measured
again, nor by growing old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A statement that was verified, and what is known around it."""

    name: str
    """For reasons: a file's name."""

    statement: Statement
    made: datetime | None = None
    """When; None where nothing tells. Statements hold no clock reading, so this comes from
    outside the signature."""

    doubt: str = ""
    """Why `made` is not to be relied on; a note says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateJudgement:
    """One gate, decided."""

    metric: str
    op: str
    threshold: float
    severity: str
    state: State
    reason: str
    """One sentence with statement, number and claim."""

    why: str
    evidence: str
    """Name of the evidence it rests on; empty where there is none."""

    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict, and everything it rests on."""

    verdict: Verdict
    reasons: tuple[str, ...]
    gates: tuple[GateJudgement, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know and what changes nothing."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One audit, read, with its e-values decided as this policy's family."""

    name: str
    audit: Audit
    stale: bool
    decisions: dict[Key, Decision]


def judge(policy: Policy, evidence: Sequence[Evidence], now: datetime) -> Judgement:
    """The verdict of `policy` on what verified evidence about one model says.

    The caller has checked that every statement is about that model.

    Raises:
        EvidenceError: a predicate is not what its type says.
    """
    audits = _read(evidence, policy, now)
    gates = tuple(_gate(gate, audits, policy, now) for gate in policy.gates)
    inspected = _inspections(evidence)
    around = rule.Around(
        unpinned=any(each.audit.target.unpinned for each in audits),
        inspected=inspected.seen,
        refuse=tuple(inspected.refuse),
        review=overdue(policy, now),
    )
    decided = [
        rule.Decided(demand, gate.state, gate.reason)
        for demand, gate in zip(policy.gates, gates, strict=True)
    ]
    verdict, reasons = rule.conclude(policy, decided, around)
    return Judgement(verdict=verdict, reasons=reasons, gates=gates, notes=tuple(_notes(evidence)))


def overdue(policy: Policy, now: datetime) -> tuple[str, ...]:
    """A reason where the policy itself should have been looked at again by now."""
    if policy.review_by is None or policy.review_by >= now.date():
        return ()
    return (f"the policy itself was to be reviewed by {policy.review_by}",)


def _notes(evidence: Sequence[Evidence]) -> Iterator[str]:
    for each in evidence:
        if each.statement.predicate_type == predicate_type("audit"):
            if each.made is None:
                yield f"{each.name}: nothing says when it was made, so its age was not judged"
            elif each.doubt:
                yield f"{each.name}: {each.doubt}"


def _read(evidence: Sequence[Evidence], policy: Policy, now: datetime) -> list[_Read]:
    """The audits among `evidence`, each decided as if the best had been picked out of all.

    Whoever repeats an audit until a gate passes has picked: with k audits that tested a gate,
    its evidence for PASS is divided by k (Bonferroni over audits, which need not be
    independent). Evidence for FAIL is not, or audits could be added to dilute a failure.
    """
    found = [
        (each, convert(each.statement.predicate, Audit))
        for each in evidence
        if each.statement.predicate_type == predicate_type("audit")
    ]
    repeats = Counter(rule.key(gate) for _, audit in found for gate in audit.gates if gate.n)
    read = []
    for each, audit in found:
        tested = {
            rule.key(gate): (
                gate.log_e_pass - math.log(repeats[rule.key(gate)]),
                gate.log_e_fail,
            )
            for gate in audit.gates
            if gate.n
        }
        stale = each.made is not None and (now - each.made).days > policy.max_age_days
        read.append(_Read(each.name, audit, stale, rule.decide(policy, tested)))
    return read


def _gate(gate: Gate, audits: list[_Read], policy: Policy, now: datetime) -> GateJudgement:
    found = [_from_one(gate, each) for each in audits]
    best = min(found, key=lambda each: RANK.index(each.state), default=None)
    if best is not None and best.state == "pass" and not _stands(gate, audits, found):
        best = next(each for each in found if each.state == "inconclusive")
    if best is None or best.state == "not-measured":
        best = _judged(gate, "not-measured", rule.reason(gate, "not-measured", None), "")
    waiver = _waiver(policy.waivers, gate, now)
    if best.state == "pass" or waiver is None:
        return best
    reason = f"{best.reason}; waived until {waiver.until} by {waiver.by}: {waiver.reason}"
    return _judged(gate, "waived", reason, best.evidence, best.estimate)


def _stands(gate: Gate, audits: list[_Read], found: list[GateJudgement]) -> bool:
    """Whether a PASS stands beside the other audits.

    One by e-values has paid for the repeats; one by an interval has not, so that it stands
    only where no other audit leaves the gate open.
    """
    tested = any(
        rule.key(gate) in read.decisions and each.state == "pass"
        for read, each in zip(audits, found, strict=True)
    )
    return tested or all(each.state != "inconclusive" for each in found)


def _from_one(gate: Gate, read: _Read) -> GateJudgement:
    figures = (measure for probe in read.audit.probes for measure in probe.measures)
    figure = next((each.estimate for each in figures if each.metric == gate.metric), None)
    estimate = figure if isinstance(figure, Estimate) else None
    decision, how = read.decisions.get(rule.key(gate)), ""
    if decision is None and estimate is not None:
        decision = rule.by_interval(gate, estimate)
        how = f", by its {estimate.confidence:.0%} interval alone"
    state = rule.state(decision)
    if read.stale and state in ("pass", "inconclusive"):
        state = "stale"
    reason = f"{rule.reason(gate, state, estimate, how)} ({read.name})"
    if more := rule.beyond(gate, state, estimate):
        reason = f"{reason}. {more}"
    return _judged(gate, state, reason, read.name, estimate)


@dataclass(frozen=True, slots=True)
class _Inspected:
    seen: bool
    refuse: list[str]


def _inspections(evidence: Sequence[Evidence]) -> _Inspected:
    seen, refuse = False, []
    for each in evidence:
        if each.statement.predicate_type != predicate_type("inspection"):
            continue
        seen = True
        inspection = convert(each.statement.predicate, Inspection)
        refuse += [
            f"{file.path} runs code when it is loaded ({each.name})"
            for file in inspection.files
            if file.verdict == "denied"
        ]
        refuse += [
            f"{finding.place.path}: {finding.message} ({finding.rule}, {each.name})"
            for finding in inspection.findings
            if finding.severity == "critical"
        ]
    return _Inspected(seen, refuse)


def _waiver(waivers: tuple[Waiver, ...], gate: Gate, now: datetime) -> Waiver | None:
    good = (w for w in waivers if w.metric == gate.metric and w.until >= now.date())
    return next(good, None)


def _judged(
    gate: Gate, state: State, reason: str, evidence: str, estimate: Estimate | None = None
) -> GateJudgement:
    return GateJudgement(
        metric=gate.metric,
        op=gate.op,
        threshold=gate.threshold,
        severity=gate.severity,
        state=state,
        reason=reason,
        why=gate.why,
        evidence=evidence,
        estimate=estimate,
    )
