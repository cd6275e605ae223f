"""From counts to the predicate that is signed."""

from dataclasses import dataclass
from typing import cast

from steelyard import __version__
from steelyard.audit.probe import Card, Need
from steelyard.audit.runner import Counts
from steelyard.audit.seed import Seed
from steelyard.audit.tally import GateTest
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.value import Skipped
from steelyard.policy import rule
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
    gates = _gates(frame, counts, confidence)
    decided = [
        rule.Decided(demand, gate.state, gate.reason)
        for demand, gate in zip(frame.policy.gates, gates, strict=True)
    ]
    # By these gates alone: no clock, so no waiver and no age, which `policy.judge` adds when
    # the evidence is used. The same seed gives the same verdict on any day.
    around = rule.Around(unpinned=frame.target.unpinned)
    verdict, reasons = rule.conclude(frame.policy, decided, around)
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
        gates=gates,
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


def _gates(frame: Frame, counts: Counts, confidence: float) -> tuple[predicate.GateResult, ...]:
    """Every gate of the policy, in its order."""
    tests = {rule.key(test.gate): test for test in counts.gates}
    evidence = {
        key: (test.test.log_e_pass, test.test.log_e_fail)
        for key, test in tests.items()
        if test.test.n
    }
    decided = rule.decide(frame.policy, evidence)
    found = []
    for gate in frame.policy.gates:
        key = rule.key(gate)
        state, (log_e_pass, log_e_fail) = (
            rule.state(decided.get(key)),
            evidence.get(key, (0.0, 0.0)),
        )
        test = tests.get(key)
        found.append(
            predicate.GateResult(
                metric=gate.metric,
                op=gate.op,
                threshold=gate.threshold,
                alpha=frame.policy.alpha,
                severity=gate.severity,
                state=cast("predicate.GateState", state),
                log_e_pass=log_e_pass,
                log_e_fail=log_e_fail,
                n=test.test.n if test is not None else 0,
                reason=(
                    _reason(gate, state, test, confidence)
                    if test is not None and test.test.n
                    else f"{rule.reason(gate, state, None)}, {_why_not(gate, test, frame)}"
                ),
                why=gate.why,
            )
        )
    return tuple(found)


def _reason(gate: Gate, state: rule.State, test: GateTest, confidence: float) -> str:
    estimate = test.test.estimate(confidence)
    said = rule.reason(gate, state, estimate)
    if state != "inconclusive":
        more = rule.beyond(gate, state, estimate)
        return f"{said}. {more}" if more else said
    unreachable = "; ".join(each.reason for each in test.test.unreachable)
    return f"{said}; {unreachable or 'more cases would be needed to decide'}"


def _why_not(gate: Gate, test: GateTest | None, frame: Frame) -> str:
    if test is not None:
        return "no case had an outcome for it"
    probe = gate.metric.rpartition(".")[0]
    return next((s.reason for s in frame.left_out if s.what == probe), "its probe was not chosen")


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
