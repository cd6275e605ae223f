"""From counts to the predicate that is signed."""

from dataclasses import dataclass

from steelyard import __version__
from steelyard.audit.probe import Card, Need
from steelyard.audit.runner import Counts
from steelyard.audit.seed import Seed
from steelyard.audit.tally import GateTest
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.value import Estimate, Skipped
from steelyard.policy.policy import Gate, Policy

LACKS: dict[Need, str] = {
    "logprobs": "it needs log-probabilities, which this endpoint does not give",
    "prefill": "it opens the answer for the model, which this endpoint does not continue",
    "system": "it needs a system message, which this model does not take",
    "judge": "it needs a judge; name one with --judge URL#model",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the statement says beside the numbers."""

    target: predicate.Target
    seed: Seed
    policy: Policy
    policy_digest: str
    parameters: dict[str, str | int | float | bool]
    left_out: tuple[Skipped, ...]
    """Probes that were chosen and can't be asked here."""

    components: dict[str, str]


def compose(frame: Frame, counts: Counts, confidence: float) -> predicate.Audit:
    """The predicate, with its verdict and every reason for it."""
    alpha = frame.policy.alpha
    gates = [_gate(test, alpha, confidence) for test in counts.gates]
    gates += [_unmeasured(gate, alpha, frame.left_out) for gate in counts.unmeasured]
    verdict, reasons = judge(frame.policy, gates, unpinned=frame.target.unpinned)
    skipped = [
        Skipped(what=gate.metric, reason=gate.reason)
        for gate in gates
        if gate.state == "not-measured"
    ]
    return predicate.Audit(
        tool=predicate.Tool(version=__version__, components=frame.components),
        target=frame.target,
        seed=frame.seed.record(),
        parameters=frame.parameters,
        policy=frame.policy.id,
        policy_digest=frame.policy_digest,
        probes=tuple(tally.result(confidence) for tally in counts.tallies),
        gates=tuple(gates),
        not_measured=(*frame.left_out, *skipped),
        verdict=verdict,
        reasons=reasons,
        stopped=counts.stopped,
        limitations=_limitations(frame, counts),
        journal=predicate.Journal(
            digest=counts.chain.digest,
            cases=len(counts.chain.counted),
            calls=counts.calls,
            tokens=counts.tokens,
        ),
    )


def lacking(card: Card, offers: frozenset[Need]) -> Skipped | None:
    """Why a probe can't be asked here; None when it can."""
    if card.access != "endpoint":
        reason = f"it needs the {card.access} access level; an endpoint was given"
        return Skipped(what=card.id, reason=reason)
    missing = sorted(card.needs - offers)
    return Skipped(what=card.id, reason=LACKS[missing[0]]) if missing else None


def judge(
    policy: Policy, gates: list[predicate.GateResult], *, unpinned: bool
) -> tuple[predicate.Verdict, tuple[str, ...]]:
    """Refuse where a blocking gate failed, review where anything is open, else admit.

    By these gates alone: no clock, so no waiver and no age, which `policy.judge` adds when
    the evidence is used. The same seed gives the same verdict on any day.
    """
    demands = {(g.metric, g.op, g.threshold): g for g in policy.gates}
    refuse: list[str] = []
    review: list[str] = []
    for gate in gates:
        demand = demands[gate.metric, gate.op, gate.threshold]
        if gate.state == "fail":
            (refuse if gate.severity == "block" else review).append(gate.reason)
        elif gate.state != "pass":
            (refuse if demand.on_missing == "refuse" else review).append(gate.reason)
    if policy.require_inspection:
        review.append(
            "the policy also asks for an inspection of the files: `steelyard inspect`, then "
            "`steelyard check` judges both"
        )
    if unpinned and not policy.allow_unpinned:
        review.append("the endpoint is bound to no weights, and the policy asks for that")
    if not gates:
        review.append("the policy has no gates")
    if refuse:
        return "refuse", (*refuse, *review)
    if review:
        return "review", tuple(review)
    return "admit", tuple(gate.reason for gate in gates)


def _gate(test: GateTest, alpha: float, confidence: float) -> predicate.GateResult:
    state = test.state if test.test.n else "not-measured"
    return predicate.GateResult(
        metric=test.gate.metric,
        op=test.gate.op,
        threshold=test.gate.threshold,
        alpha=alpha,
        severity=test.gate.severity,
        state=state,
        log_e_pass=test.test.log_e_pass,
        log_e_fail=test.test.log_e_fail,
        n=test.test.n,
        reason=_reason(test, confidence),
        why=test.gate.why,
    )


def _reason(test: GateTest, confidence: float) -> str:
    gate = test.gate
    claim = f"{gate.metric} {gate.op} {_number(gate.threshold)}"
    if not test.test.n:
        return f"{claim}: not measured, no case had an outcome for it"
    estimate = test.test.estimate(confidence)
    seen = (
        f"{_number(estimate.value, estimate)} in {estimate.n} cases "
        f"({confidence:.0%} interval {_number(estimate.low, estimate)} to "
        f"{_number(estimate.high, estimate)})"
    )
    if test.state == "pass":
        return f"{claim}: holds, measured {seen}"
    if test.state == "fail":
        return f"{claim}: does not hold, measured {seen}"
    unreachable = "; ".join(u.reason for u in test.test.unreachable)
    more = unreachable or "more cases would be needed to decide"
    return f"{claim}: inconclusive, measured {seen}; {more}"


def _number(value: float, estimate: Estimate | None = None) -> str:
    if estimate is not None and estimate.unit not in ("fraction", "points"):
        return f"{value:.3g}"
    return f"{100 * value:.3g} %"


def _unmeasured(gate: Gate, alpha: float, left_out: tuple[Skipped, ...]) -> predicate.GateResult:
    probe = gate.metric.rpartition(".")[0]
    why = next((s.reason for s in left_out if s.what == probe), "its probe was not chosen")
    return predicate.GateResult(
        metric=gate.metric,
        op=gate.op,
        threshold=gate.threshold,
        alpha=alpha,
        severity=gate.severity,
        state="not-measured",
        log_e_pass=0.0,
        log_e_fail=0.0,
        n=0,
        reason=f"{gate.metric} {gate.op} {_number(gate.threshold)}: not measured, {why}",
        why=gate.why,
    )


def _limitations(frame: Frame, counts: Counts) -> tuple[str, ...]:
    said = [
        (
            "Each figure is about the probe's own distribution of questions, stated in its "
            "estimand; it says nothing about questions that were not asked."
        ),
        (
            "Each interval holds at every sample size, but for its figure alone; only the "
            "gates share one error probability."
        ),
    ]
    if frame.target.unpinned:
        said.append(
            "The endpoint is bound to no weights: it may answer otherwise tomorrow, and nobody "
            "could tell from this evidence."
        )
    if frame.target.chat == "none":
        said.append(
            "The model has no chat template: it was asked as a written conversation, in which "
            "base models follow instructions less well."
        )
    if "seconds" in str(frame.parameters.get("budget", "")):
        said.append(
            "The budget was in seconds, so the same seed may count another number of cases on "
            "another machine."
        )
    if any(tally.missing for tally in counts.tallies):
        said.append("Cases without an answer were held against both verdicts.")
    if counts.stopped == "budget" and any(t.state == "inconclusive" for t in counts.gates):
        said.append("The budget ended the run before every gate was decided.")
    if any(m.error is not None for t in counts.tallies for m in t.card.measures):
        said.append(
            "Some scorers err; their error, counted against people's labels, is carried into "
            "the intervals and gates."
        )
    return tuple(said)
