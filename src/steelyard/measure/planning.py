"""How many calls a claim costs, before anybody makes one."""

import math

from steelyard.measure.claim import Claim, Kind
from steelyard.measure.error import SHARE, ErrorCounts, thresholds
from steelyard.measure.sequential import make


def fewest_calls(
    claim: Claim, alpha: float, gates: int = 1, *, kind: Kind = "rate", size: int = 0
) -> int:
    """Outcomes needed to PASS when every one of them is as good as can be expected.

    Without a hit for a rate; without any change for a difference that may be zero. For a
    rate, a budget below this cannot prove the claim, whatever the model. For a finite set
    it is at most `size`.

    Raises:
        InputError: the threshold is at an end of the range.
    """
    test = make(kind, claim, size)
    perfect = _flawless(claim, kind)
    goal = math.log(gates / alpha)
    while test.log_e_pass < goal and not test.exhausted:
        test.update(perfect)
    return test.n


def expected_calls(rate: float, claim: Claim, alpha: float, gates: int = 1) -> float:
    """Mean calls until a decision, to first order: log(gates / alpha) / KL(rate, threshold).

    A lower bound up to the overshoot; the mixture pays 13 to 60 % more (`exact` computes it).
    Infinite at the threshold itself.

    Source: Wald, Sequential Analysis (1947), appendix A.
    """
    divergence = _divergence(rate, claim.threshold)
    return math.inf if divergence == 0 else math.log(gates / alpha) / divergence


def _flawless(claim: Claim, kind: Kind) -> float:
    if kind != "difference":
        return 0.0 if claim.op == "<=" else 1.0
    if claim.op == "<=":
        return 0.0 if claim.threshold > 0 else -1.0
    return 0.0 if claim.threshold < 0 else 1.0


def _divergence(p: float, q: float) -> float:
    """Kullback-Leibler divergence of Bernoulli(p) from Bernoulli(q), nats."""
    hit = p * math.log(p / q) if p > 0 else 0.0
    miss = (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return hit + miss


def flawless_calls(claim: Claim, error: ErrorCounts, alpha: float, gates: int = 1) -> float:
    """Mean outcomes until a flawless model passes through an imperfect scorer.

    Such a model is still flagged as often as the scorer raises false alarms. Infinite where
    that alone is on the wrong side of the moved threshold.
    """
    moved = thresholds(claim, error)
    if any(out.side == "pass" for out in moved.unreachable) or alpha / gates <= SHARE:
        return math.inf
    below = claim.op == "<="
    flagged, threshold = (
        (error.false_alarm, moved.low) if below else (error.sensitivity, moved.high)
    )
    divergence = _divergence(flagged, threshold)
    return math.inf if divergence == 0 else math.log(1 / (alpha / gates - SHARE)) / divergence
