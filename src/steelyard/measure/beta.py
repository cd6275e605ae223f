"""The incomplete beta function in natural logarithms, and what binomial bounds need of it.

Everything works on logarithms because evidence after a few thousand draws leaves the range
of a float (10^-308) while its logarithm stays small.
"""

import math

ENOUGH = 1e-17
"""A series term below this share of the sum no longer changes a double."""

HALVINGS = 40


def log_complete(a: float, b: float) -> float:
    """Natural logarithm of the complete beta function B(a, b)."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_below(x: float, a: float, b: float) -> float:
    """Natural logarithm of the integral of t^(a-1) (1-t)^(b-1) over (0, x), 0 < x < 1.

    Source: DLMF 8.17.8, a series of positive terms, so nothing cancels. It is summed on the
    side of the mode where it converges fast; the other side is the complement, which then
    is no small difference of large numbers.
    """
    if x * (a + b) <= a + 1:
        return _series(x, a, b)
    return _minus(log_complete(a, b), _series(1 - x, b, a))


def log_above(x: float, a: float, b: float) -> float:
    """Natural logarithm of the integral of t^(a-1) (1-t)^(b-1) over (x, 1), 0 < x < 1."""
    return log_below(1 - x, b, a)


def clopper_pearson(hits: int, n: int, miss: float) -> tuple[float, float]:
    """Lower and upper bound of a binomial rate, each wrong with probability <= `miss`.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404-413.
    """
    low = 0.0 if hits == 0 else _quantile(miss, hits, n - hits + 1)
    high = 1.0 if hits == n else 1 - _quantile(miss, n - hits, hits + 1)
    return low, high


def log_sum(values: list[float]) -> float:
    """Natural logarithm of the sum of exponentials, without overflow."""
    top = max(values)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


def _quantile(probability: float, a: float, b: float) -> float:
    """The x below which a Beta(a, b) variable lies with `probability`, rounded down."""
    target = math.log(probability) + log_complete(a, b)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not 0 < middle < 1 or log_below(middle, a, b) > target:
            high = middle
        else:
            low = middle
    return low


def _series(x: float, a: float, b: float) -> float:
    term, total, k = 1.0, 1.0, 0
    while term > ENOUGH * total:
        term *= x * (a + b + k) / (a + 1 + k)
        total += term
        k += 1
    return a * math.log(x) + b * math.log1p(-x) - math.log(a) + math.log(total)


def _minus(larger: float, smaller: float) -> float:
    if smaller >= larger:
        return -math.inf
    return larger + math.log1p(-math.exp(smaller - larger))
