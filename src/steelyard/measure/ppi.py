"""A figure from many judged answers and a few that people labelled too.

The judge alone is biased; the labels alone are few. Prediction-powered inference takes the
judge's mean over everything and corrects it by its mean error on the labelled part.
Intervals here are asymptotic (central limit theorem) at the n at which they are made: they
describe a figure, they never decide a gate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from steelyard.errors import InputError
from steelyard.evidence.value import Estimate

FEWEST = 2
"""Labels without which there is no variance to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Answers by what the judge said and, where somebody looked, what a person said."""

    labelled: tuple[tuple[float, float], ...]
    """(person's label, judge's score) of a uniform sample."""

    unlabelled: tuple[float, ...]
    """Judge's scores of the rest."""


def mean(judged: Judged, confidence: float) -> Estimate:
    """The mean label, by PPI++ with the optimal weight of the judge.

    Var = Var(Y)/n (1 - rho^2 N/(N+n)) at that weight: a judge that says nothing costs
    nothing.

    Raises:
        InputError: fewer than two labels, or no unlabelled answers.

    Source: Angelopoulos, Duchi and Zrnic, "PPI++", arXiv:2311.01453, eq. 3 and
    proposition 2, for the mean.
    """
    n, total = len(judged.labelled), len(judged.unlabelled)
    if n < FEWEST or total < 1:
        raise InputError(f"{n} labels and {total} judged answers: needs at least 2 and 1")
    labels = [label for label, _ in judged.labelled]
    scores = [score for _, score in judged.labelled]
    weight = _weight(labels, scores, judged.unlabelled)
    rest = [label - weight * score for label, score in judged.labelled]
    spread = _variance(rest) / n + weight**2 * _variance(judged.unlabelled) / total
    value = weight * fmean(judged.unlabelled) + fmean(rest)
    method = f"PPI++ with weight {weight:.2f}; asymptotic at this n"
    return _normal(value, spread, confidence, n + total, method)


def all_positives(
    positives: Sequence[float], sample: Sequence[float], negatives: int, confidence: float
) -> Estimate:
    """The mean label when people saw every answer the judge flagged and a sample of the rest.

    Cheapest where hits are rare: only the judge's misses are left to chance.

    Args:
        positives: Labels of all flagged answers.
        sample: Labels of a uniform sample of the others.
        negatives: How many others there were, those sampled included.
        confidence: Of the interval, for this set of answers (the flagged share is known).

    Raises:
        InputError: a sample of fewer than two, or larger than what it was drawn from.

    Source: stratified sampling with a certainty stratum, Cochran, Sampling Techniques
    (3rd ed. 1977), eq. 5.8, with the finite-population correction.
    """
    seen = len(sample)
    if not FEWEST <= seen <= negatives:
        raise InputError(f"a sample of {seen} from {negatives}: needs 2 or more, at most all")
    total = len(positives) + negatives
    share = negatives / total
    value = math.fsum(positives) / total + share * fmean(sample)
    # A sample without a hit has no variance of its own; add one success and one failure.
    rate = (math.fsum(sample) + 1) / (seen + 2)
    spread = max(_variance(sample), rate * (1 - rate)) / seen
    spread *= share**2 * (1 - seen / negatives)
    method = "all judge positives labelled, negatives sampled; asymptotic at this n"
    return _normal(value, spread, confidence, total, method)


def _weight(labels: list[float], scores: list[float], others: Sequence[float]) -> float:
    pooled = _variance([*scores, *others])
    if pooled == 0:
        return 0.0
    middle, centre = fmean(labels), fmean(scores)
    products = ((y - middle) * (f - centre) for y, f in zip(labels, scores, strict=True))
    covariance = math.fsum(products) / (len(labels) - 1)
    return min(max(covariance / pooled / (1 + len(labels) / len(others)), 0.0), 1.0)


def _variance(values: Sequence[float]) -> float:
    return variance(values) if len(values) > 1 else 0.0


def _normal(value: float, spread: float, confidence: float, n: int, method: str) -> Estimate:
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(spread)
    value = min(max(value, 0.0), 1.0)
    return Estimate(
        value=value,
        low=max(value - half, 0.0),
        high=min(value + half, 1.0),
        confidence=confidence,
        n=n,
        unit="fraction",
        method=method,
    )
