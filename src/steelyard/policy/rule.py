"""The rule, once: from decided gates to a verdict, and the words for it.

An audit applies it to what it just counted, `policy.verdict` to evidence that was made
earlier, so both come to the same. Pure: no clock, no file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from steelyard.evidence.predicates.audit import GateResult, Verdict
from steelyard.evidence.value import Estimate
from steelyard.measure.multiplicity import Decision, EHolm
from steelyard.policy.policy import Gate, Policy

State = Literal["pass", "fail", "inconclusive", "not-measured", "stale", "waived"]
Key = tuple[str, str, float]
"""Metric, operator and threshold: what makes two claims the same."""

ONE_LOOK = "at this n"
"""In the `method` of an interval that may be looked at once (docs/statistics.md)."""

WORDS: dict[State, str] = {
    "pass": "holds",
    "fail": "does not hold",
    "inconclusive": "not decided",
    "not-measured": "not measured",
    "stale": "the evidence is too old",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """A gate, its state, and the sentence that says why."""

    demand: Gate
    state: State
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside the gates."""

    unpinned: bool
    """Whether any of the evidence is bound to no weights."""

    inspected: bool = False
    refuse: tuple[str, ...] = ()
    """Reasons from elsewhere that refuse by themselves, e.g. a file that runs code."""

    review: tuple[str, ...] = ()


def key(gate: Gate | GateResult) -> Key:
    """What makes its claim the same as another's."""
    return gate.metric, gate.op, gate.threshold


def decide(policy: Policy, evidence: Mapping[Key, tuple[float, float]]) -> dict[Key, Decision]:
    """What (log_e_pass, log_e_fail) decide, as this policy's family of gates.

    e-Holm runs over all gates of the policy, measured or not. The evidence is at its
    maximum, so this is what a run that looked after every case came to.
    """
    mine = {key(gate): evidence[key(gate)] for gate in policy.gates if key(gate) in evidence}
    family = EHolm(max(len(policy.gates), 1), policy.alpha)
    return dict(zip(mine, family.decide(list(mine.values())), strict=True))


def state(decision: Decision | None) -> State:
    """The gate's state after a decision; None where nothing was measured."""
    states: dict[Decision, State] = {"pass": "pass", "fail": "fail", "open": "inconclusive"}
    return states[decision] if decision is not None else "not-measured"


def conclude(
    policy: Policy, decided: Sequence[Decided], around: Around
) -> tuple[Verdict, tuple[str, ...]]:
    """Refuse where a blocking gate failed, review where anything is open, else admit."""
    refuse: list[str] = []
    review: list[str] = []
    for gate in decided:
        demand = gate.demand
        if gate.state in ("pass", "waived"):
            continue
        hard = demand.severity == "block" if gate.state == "fail" else demand.on_missing == "refuse"
        (refuse if hard else review).append(gate.reason)
    refuse += around.refuse
    review += around.review
    if policy.require_inspection and not around.inspected:
        review.append(
            "the policy asks for an inspection of the files, and there is none: make one with "
            "`steelyard inspect`, then `steelyard check` judges both"
        )
    if around.unpinned and not policy.allow_unpinned:
        review.append(
            "evidence about an endpoint is bound to no weights, which the policy asks for"
        )
    if not policy.gates:
        review.append("the policy has no gates")
    if refuse:
        return "refuse", (*refuse, *review)
    if review:
        return "review", tuple(review)
    return "admit", tuple(gate.reason for gate in decided)


def claim(gate: Gate | GateResult, estimate: Estimate | None = None) -> str:
    """The claim in short, e.g. `security.jailbreak.asr <= 5 %`."""
    unit = estimate.unit if estimate is not None else "fraction"
    return f"{gate.metric} {gate.op} {number(gate.threshold, unit)}"


def reason(gate: Gate, found: State, estimate: Estimate | None, how: str = "") -> str:
    """One sentence with the claim, the state and the number in it.

    `how` qualifies the state, e.g. `, by its 95% interval alone`.
    """
    said = f"{claim(gate, estimate)}: {WORDS[found]}{how}"
    if estimate is None:
        return said
    return f"{said}; {measured(estimate)}"


def measured(estimate: Estimate) -> str:
    """The figure with its interval."""
    value, low, high = (
        number(each, estimate.unit) for each in (estimate.value, estimate.low, estimate.high)
    )
    interval = f"{estimate.confidence:.0%} interval {low} to {high}"
    return f"measured {value} ({interval}) in {estimate.n} case{'s' * (estimate.n != 1)}"


def beyond(gate: Gate | GateResult, found: State, estimate: Estimate | None) -> str:
    """Why a gate is decided although the interval reaches past its threshold; else empty.

    >>> from steelyard.evidence.value import Estimate
    >>> gate = Gate(metric="p.m", op="<=", threshold=0.05, why="")
    >>> at = {"value": 0, "low": 0, "high": 0.06, "confidence": 0.95, "n": 82}
    >>> wide = Estimate(**at, unit="fraction", method="")
    >>> beyond(gate, "pass", wide).partition(":")[0]
    'The interval reaches past 5 %, and still the claim holds'
    """
    if estimate is None or found not in ("pass", "fail"):
        return ""
    at_most = (gate.op == "<=") == (found == "pass")
    past = estimate.high > gate.threshold if at_most else estimate.low < gate.threshold
    if not past:
        return ""
    side = "at most" if at_most else "at least"
    limit = number(gate.threshold, estimate.unit)
    return (
        f"The interval reaches past {limit}, and still the claim {WORDS[found]}: the interval "
        f"asks where the true value lies, on both sides at once; the demand asks only whether "
        f"it is {side} {limit}, and that takes fewer cases to prove."
    )


def number(value: float, unit: str = "fraction") -> str:
    """A figure or threshold in its unit."""
    match unit:
        case "fraction":
            return f"{100 * value:.3g} %"
        case "points":
            return f"{100 * value:+.3g} points"
        case _:
            return f"{value:.3g} {unit}"


def by_interval(gate: Gate, estimate: Estimate) -> Decision:
    """What an interval alone says of a claim that was not tested.

    Nothing where it holds at one n alone: whoever chose when to stop chose it too.
    """
    if ONE_LOOK in estimate.method:
        return "open"
    below, above = estimate.high <= gate.threshold, estimate.low >= gate.threshold
    holds, broken = (below, above) if gate.op == "<=" else (above, below)
    if holds:
        return "pass"
    return "fail" if broken else "open"
