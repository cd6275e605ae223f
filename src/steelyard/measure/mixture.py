"""Evidence about a hit rate: one-sided beta-binomial mixtures and their two-sided interval.

The likelihood of `hits` in `n` draws under a mixture of rates, divided by that under the
threshold, is a nonnegative supermartingale for every rate on the threshold's far side
(the Bernoulli likelihood ratio is monotone), so it exceeds 1/alpha with probability at most
alpha however often one looks.

Source: Robbins, Annals of Mathematical Statistics 41 (1970), 1397-1409; Howard, Ramdas,
McAuliffe and Sekhon, Annals of Statistics 49 (2021), arXiv:1810.08240. The prior, one
pseudo-count on the rarer side and mean at the threshold, is ours: the cheapest of the
simple ones by exact computation (`exact`).
"""

import math

from steelyard.measure.beta import log_above, log_below, log_complete, log_sum

JEFFREYS = 0.5
"""Both parameters of the interval's prior: good at rates near 0 and 1."""

HALVINGS = 40

FRESH = 128
"""Steps of the recurrence, at most, before the integral is computed anew."""

LITTLE = math.log(0.1)
"""Share that a step may subtract: it multiplies the rounding error by 1.1 at most."""

NEARLY_ALL = math.log(0.9)
"""Below this share the other side is a difference that loses no digits worth having."""


class Mixture:
    """Evidence that a rate is below, or above, one threshold."""

    def __init__(self, threshold: float) -> None:
        """Threshold: a fraction strictly between 0 and 1."""
        self._tau = threshold
        odds = (1 - threshold) / threshold
        self._a, self._b = (1.0, odds) if odds >= 1 else (1 / odds, 1.0)
        self._below = log_below(threshold, self._a, self._b)
        self._above = log_above(threshold, self._a, self._b)
        self._hit, self._miss = math.log(threshold), math.log1p(-threshold)
        self._last = (-1, -1, 0.0)

    def below(self, n: int, hits: int) -> float:
        """Log evidence that the rate is below the threshold (methods: E_pass of `<=`)."""
        return self._mass(n, hits) - self._below - self._likelihood(n, hits)

    def above(self, n: int, hits: int) -> float:
        """Log evidence that the rate is above the threshold."""
        a, b = self._a + hits, self._b + n - hits
        whole = log_complete(a, b)
        share = self._mass(n, hits) - whole
        if share < NEARLY_ALL:
            mass = whole + math.log1p(-math.exp(share))
        else:
            mass = log_above(self._tau, a, b)
        return mass - self._above - self._likelihood(n, hits)

    def _likelihood(self, n: int, hits: int) -> float:
        return hits * self._hit + (n - hits) * self._miss

    def _mass(self, n: int, hits: int) -> float:
        """Logarithm of the integral over (0, threshold); the next one is cheap.

        The series of `beta` takes a few thousand terms near the mode, and a run looks after
        every case.
        """
        before, old, mass = self._last
        if (before, old) == (n, hits):
            return mass
        next_to_it = before == n - 1 and hits - old in (0, 1)
        found = self._step(n, hits, hits - old, mass) if next_to_it and n % FRESH else None
        if found is None:
            found = log_below(self._tau, self._a + hits, self._b + n - hits)
        self._last = n, hits, found
        return found

    def _step(self, n: int, hits: int, hit: int, mass: float) -> float | None:
        """The integral after one more outcome from the one before; None where digits get lost.

        Source: DLMF 8.17.20 and 8.17.21 unnormalised, (a+b) B(a, b+1) = b B(a, b) + t^a (1-t)^b,
        and (a+b) B(a+1, b) = a B(a, b) - t^a (1-t)^b.
        """
        a, b = self._a + hits - hit, self._b + n - hits - (1 - hit)
        edge = a * self._hit + b * self._miss
        if not hit:
            return log_sum([math.log(b) + mass, edge]) - math.log(a + b)
        most = math.log(a) + mass
        if edge - most > LITTLE:
            return None
        return most + math.log1p(-math.exp(edge - most)) - math.log(a + b)


def interval(n: int, fewest: int, most: int, miss: float) -> tuple[float, float]:
    """Confidence sequence of a rate: it covers at every `n` at once but with `miss`.

    `fewest` and `most` are the hits if missing outcomes were none and all: each end holds
    the missing ones against itself.
    """
    return _end(n, fewest, miss, 0.0), _end(n, most, miss, 1.0)


def _end(n: int, hits: int, miss: float, outer: float) -> float:
    """Where the mixture's evidence against a rate reaches 1/miss, on the side of `outer`."""
    most = -math.log(miss)
    mass = log_complete(JEFFREYS + hits, JEFFREYS + n - hits) - log_complete(JEFFREYS, JEFFREYS)

    def rejected(p: float) -> bool:
        likelihood = hits * math.log(p) if hits else 0.0
        likelihood += (n - hits) * math.log1p(-p) if n > hits else 0.0
        return mass - likelihood >= most

    inner = hits / n
    if inner == outer:
        return outer
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        if rejected(middle):
            outer = middle
        else:
            inner = middle
    return outer
