"""What is wrong with a policy, before anybody relies on it."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Literal

from steelyard.errors import InputError
from steelyard.measure.claim import Claim, Kind
from steelyard.measure.error import ErrorCounts, thresholds
from steelyard.measure.planning import fewest_calls, flawless_calls
from steelyard.policy.policy import Gate, Policy

NOT_BEHAVIOUR = re.compile(
    r"(?:^|[._])(?:flops?|params?|parameters?|training_compute)(?:[._]|$)", re.IGNORECASE
)
TWIN = "over_refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a policy must know of a figure that an audit can measure."""

    kind: Kind
    better: Literal["lower", "higher", "neither"]
    size: int = 0
    """Items of a finite set, 0 for an endless source."""

    calls: int = 1
    """Calls a case makes."""

    error: ErrorCounts | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing to mend."""

    level: Literal["error", "warning"]
    where: str
    """A metric, or `policy`."""

    message: str


def lint(
    policy: Policy, metrics: Mapping[str, Metric], budget: int | None, today: date
) -> tuple[Flaw, ...]:
    """Everything wrong with the policy, errors first.

    Args:
        policy: To be examined.
        metrics: Every figure that can be measured, by name.
        budget: Calls an audit may make; None where it is not limited.
        today: For the review date and waivers.
    """
    found = [*_of_the_whole(policy, today), *_pairs(policy)]
    for gate in policy.gates:
        metric = metrics.get(gate.metric)
        if metric is None:
            found.append(Flaw("error", gate.metric, _unknown(gate.metric, metrics)))
        else:
            found += _of_one(gate, metric, policy, budget)
    found += _without_twin(policy, metrics)
    if budget is not None:
        found += _together(policy, metrics, budget)
    return tuple(sorted(found, key=lambda flaw: flaw.level))


def _of_the_whole(policy: Policy, today: date) -> Iterator[Flaw]:
    if not policy.gates:
        yield Flaw("error", "policy", "has no gates, so it would say nothing about any model")
    if not 0 < policy.alpha <= 0.5:  # noqa: PLR2004 (beyond a half a coin decides as well)
        yield Flaw("error", "policy", f"alpha {policy.alpha:g}: choose above 0, at most 0.5")
    if policy.review_by is not None and policy.review_by < today:
        yield Flaw("error", "policy", f"was to be reviewed by {policy.review_by}; review it")
    named = {gate.metric for gate in policy.gates}
    for waiver in policy.waivers:
        if waiver.metric not in named:
            yield Flaw("error", waiver.metric, "a waiver for a gate that the policy doesn't have")
        elif waiver.until < today:
            yield Flaw("warning", waiver.metric, f"the waiver ended on {waiver.until}; remove it")


def _pairs(policy: Policy) -> Iterator[Flaw]:
    for index, gate in enumerate(policy.gates):
        for other in policy.gates[:index]:
            if other.metric != gate.metric:
                continue
            if other.op == gate.op:
                same = other.threshold == gate.threshold
                what = "stands twice" if same else f"has two `{gate.op}` gates: the weaker is idle"
                yield Flaw("error" if same else "warning", gate.metric, what)
            else:
                low, high = (gate, other) if gate.op == ">=" else (other, gate)
                if low.threshold > high.threshold:
                    text = f"cannot be >= {low.threshold:g} and <= {high.threshold:g} at once"
                    yield Flaw("error", gate.metric, text)


def _of_one(gate: Gate, metric: Metric, policy: Policy, budget: int | None) -> Iterator[Flaw]:
    claim = Claim(gate.op, gate.threshold)
    try:
        claim.check(metric.kind)
    except InputError as error:
        yield Flaw("error", gate.metric, str(error))
        return
    if (metric.better, gate.op) in (("lower", ">="), ("higher", "<=")):
        text = f"asks for `{gate.op}`, but {metric.better} is better: is it the wrong way round?"
        yield Flaw("warning", gate.metric, text)
    never = [
        out
        for out in (thresholds(claim, metric.error).unreachable if metric.error else ())
        if out.side == "pass"
    ]
    if never:
        yield Flaw("error", gate.metric, f"can never pass: {never[0].reason}")
    if never or budget is None or not 0 < policy.alpha < 1:
        return
    least = _fewest(claim, metric, policy.alpha, 1)
    if least > budget:
        yield Flaw(
            "error",
            gate.metric,
            f"cannot be proved {gate.op} {gate.threshold:g} with {budget} calls: even a "
            f"flawless model needs {_calls(least)}. Ask for less, or allow more calls",
        )


def _without_twin(policy: Policy, metrics: Mapping[str, Metric]) -> Iterator[Flaw]:
    named = {gate.metric for gate in policy.gates}
    for metric in sorted(named):
        probe, _, name = metric.rpartition(".")
        twin = f"{probe}.{TWIN}"
        refusing = any(other.endswith(f".{TWIN}") for other in named)
        if name != TWIN and twin in metrics and not refusing:
            text = (
                "attacks that fail are half the story: a model that refuses everything would "
                f"pass. Add a gate on {twin}"
            )
            yield Flaw("warning", metric, text)


def _together(policy: Policy, metrics: Mapping[str, Metric], budget: int) -> Iterator[Flaw]:
    needs: dict[str, float] = {}
    for gate in policy.gates:
        metric, claim = metrics.get(gate.metric), Claim(gate.op, gate.threshold)
        if metric is None or not 0 < policy.alpha < 1:
            return
        try:
            calls = _fewest(claim, metric, policy.alpha, len(policy.gates))
        except InputError:
            return
        probe = gate.metric.rpartition(".")[0]
        needs[probe] = max(needs.get(probe, 0), calls)
    total = sum(needs.values())
    if total > budget:
        text = (
            f"its gates together need {_calls(total)} calls even of a flawless model, not {budget}"
        )
        yield Flaw("warning", "policy", text)


def _fewest(claim: Claim, metric: Metric, alpha: float, gates: int) -> float:
    """Calls that a flawless model needs to pass."""
    if metric.error is not None:
        return flawless_calls(claim, metric.error, alpha, gates) * metric.calls
    cases = fewest_calls(claim, alpha, gates, kind=metric.kind, size=metric.size)
    return cases * metric.calls


def _calls(number: float) -> str:
    return "more than can be made" if math.isinf(number) else f"{math.ceil(number)}"


def _unknown(metric: str, metrics: Mapping[str, Metric]) -> str:
    if NOT_BEHAVIOUR.search(metric):
        return (
            "a count of FLOPs or parameters says what a model cost, not what it does: small "
            "models do harm and large ones need not. Gate on measured behaviour"
        )
    near = get_close_matches(metric, list(metrics), n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`steelyard probes` lists what can be"
    return f"no probe measures this; {hint}"
