"""From evidence to a verdict, without asking the model anything.

A gate is decided by the evidence's own e-values where it tested the same claim, recomputed
for this policy's family of gates; otherwise by the figure's anytime-valid interval, and the
reason says so, because an interval covers for its figure alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from steelyard.evidence.encoding import convert
from steelyard.evidence.predicates.audit import Audit, Verdict
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement, predicate_type
from steelyard.evidence.value import Estimate
from steelyard.measure.multiplicity import Decision, EHolm
from steelyard.policy.policy import Gate, Policy, Waiver

State = Literal["pass", "fail", "inconclusive", "not-measured", "stale", "waived"]
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
    decisions: dict[tuple[str, str, float], Decision]


def judge(policy: Policy, evidence: Sequence[Evidence], now: datetime) -> Judgement:
    """The verdict of `policy` on what verified evidence about one model says.

    The caller has checked that every statement is about that model.

    Raises:
        EvidenceError: a predicate is not what its type says.
    """
    audits = [
        _read(each, policy, now)
        for each in evidence
        if each.statement.predicate_type == predicate_type("audit")
    ]
    gates = tuple(_gate(gate, audits, policy, now) for gate in policy.gates)
    refuse, review = _by_gates(policy, gates)
    refuse += (inspected := _inspections(evidence)).refuse
    review += _around(policy, audits, now, inspected=inspected.seen)
    notes = tuple(
        f"{each.name}: nothing says when it was made, so its age was not judged"
        for each in evidence
        if each.made is None and each.statement.predicate_type == predicate_type("audit")
    )
    if refuse:
        return Judgement(verdict="refuse", reasons=(*refuse, *review), gates=gates, notes=notes)
    if review:
        return Judgement(verdict="review", reasons=tuple(review), gates=gates, notes=notes)
    reasons = tuple(gate.reason for gate in gates)
    return Judgement(verdict="admit", reasons=reasons, gates=gates, notes=notes)


def _read(evidence: Evidence, policy: Policy, now: datetime) -> _Read:
    audit = convert(evidence.statement.predicate, Audit)
    wanted = {(gate.metric, gate.op, gate.threshold) for gate in policy.gates}
    tested = [g for g in audit.gates if (g.metric, g.op, g.threshold) in wanted and g.n]
    family = EHolm(max(len(policy.gates), 1), policy.alpha)
    decided = family.decide([(g.log_e_pass, g.log_e_fail) for g in tested])
    keys = [(g.metric, g.op, g.threshold) for g in tested]
    stale = evidence.made is not None and (now - evidence.made).days > policy.max_age_days
    return _Read(evidence.name, audit, stale, dict(zip(keys, decided, strict=True)))


def _gate(gate: Gate, audits: list[_Read], policy: Policy, now: datetime) -> GateJudgement:
    claim = f"{gate.metric} {gate.op} {_number(gate.threshold)}"
    found = [_from_one(gate, each, claim) for each in audits]
    best = min(found, key=lambda each: RANK.index(each.state), default=None)
    if best is None or best.state == "not-measured":
        best = _judged(gate, "not-measured", f"{claim}: not measured", "")
    waiver = _waiver(policy.waivers, gate, now)
    if best.state == "pass" or waiver is None:
        return best
    reason = f"{best.reason}; waived until {waiver.until} by {waiver.by}: {waiver.reason}"
    return _judged(gate, "waived", reason, best.evidence, best.estimate)


def _from_one(gate: Gate, read: _Read, claim: str) -> GateJudgement:
    figures = (measure for probe in read.audit.probes for measure in probe.measures)
    figure = next((each.estimate for each in figures if each.metric == gate.metric), None)
    estimate = figure if isinstance(figure, Estimate) else None
    decision = read.decisions.get((gate.metric, gate.op, gate.threshold))
    by = ""
    if decision is None and estimate is None:
        return _judged(gate, "not-measured", f"{claim}: not measured", "")
    if decision is None and estimate is not None:
        decision = _by_interval(gate, estimate)
        by = f", by its {estimate.confidence:.0%} interval alone"
    states: dict[Decision | None, State] = {"pass": "pass", "fail": "fail"}
    state = states.get(decision, "inconclusive")
    if read.stale and state != "fail":
        state = "stale"
    words = {
        "pass": "holds",
        "fail": "does not hold",
        "inconclusive": "not decided",
        "stale": "the evidence is too old",
    }
    reason = f"{claim}: {words[state]}{by}; {_numbers(estimate)} ({read.name})"
    return _judged(gate, state, reason, read.name, estimate)


def _by_interval(gate: Gate, estimate: Estimate) -> Decision:
    below, above = estimate.high <= gate.threshold, estimate.low >= gate.threshold
    holds, broken = (below, above) if gate.op == "<=" else (above, below)
    if holds:
        return "pass"
    return "fail" if broken else "open"


def _by_gates(policy: Policy, gates: tuple[GateJudgement, ...]) -> tuple[list[str], list[str]]:
    refuse: list[str] = []
    review: list[str] = []
    for demand, gate in zip(policy.gates, gates, strict=True):
        if gate.state in ("pass", "waived"):
            continue
        hard = demand.severity == "block" if gate.state == "fail" else demand.on_missing == "refuse"
        (refuse if hard else review).append(gate.reason)
    return refuse, review


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


def _around(policy: Policy, audits: list[_Read], now: datetime, *, inspected: bool) -> list[str]:
    review = []
    if not policy.gates:
        review.append("the policy has no gates")
    if policy.require_inspection and not inspected:
        review.append("the policy asks for an inspection of the files, and there is none")
    if policy.review_by is not None and policy.review_by < now.date():
        review.append(f"the policy itself was to be reviewed by {policy.review_by}")
    if not policy.allow_unpinned and any(each.audit.target.unpinned for each in audits):
        review.append(
            "evidence about an endpoint is bound to no weights, which the policy asks for"
        )
    return review


def _waiver(waivers: tuple[Waiver, ...], gate: Gate, now: datetime) -> Waiver | None:
    good = (w for w in waivers if w.metric == gate.metric and w.until >= now.date())
    return next(good, None)


def _numbers(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no figure is given"
    value, low, high = (
        _number(each, estimate.unit) for each in (estimate.value, estimate.low, estimate.high)
    )
    return f"measured {value} ({low} to {high}) in {estimate.n} cases"


def _number(value: float, unit: str = "fraction") -> str:
    match unit:
        case "fraction":
            return f"{100 * value:.3g} %"
        case "points":
            return f"{100 * value:+.3g} points"
        case _:
            return f"{value:.3g} {unit}"


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
