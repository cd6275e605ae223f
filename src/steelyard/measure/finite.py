"""Evidence about the number of hits in a finite set, drawn without replacement.

Source: Waudby-Smith and Ramdas, "Confidence sequences for sampling without replacement",
NeurIPS 2020, arXiv:2006.04347. Where we differ: uniform weights over the counts on the
claim's side only, against the nearest count on the other side.
"""

import math

from steelyard.measure.beta import log_sum

CERTAIN = 1000.0
"""Log evidence once a claim is proved or refuted outright: exp(1000) exceeds any odds, and
unlike infinity it can be written as JSON."""


class Counts:
    """Log-likelihood of every possible number of hits in the set, draw by draw."""

    def __init__(self, size: int) -> None:
        """Size: items in the set, >= 1."""
        self._size = size
        self.n = 0
        self.hits = 0
        self._log = [-math.inf, *map(math.log, range(1, size + 1))]
        self._likelihood = [0.0] * (size + 1)

    @classmethod
    def after(cls, size: int, n: int, hits: int) -> "Counts":
        """The state after `n` items with `hits` hits; their order makes no difference."""
        counts = cls(size)
        counts.n, counts.hits = n, hits
        counts._likelihood = [
            _log_choose(size - n, k - hits) - _log_choose(size, k)
            if 0 <= k - hits <= size - n
            else -math.inf
            for k in range(size + 1)
        ]
        return counts

    def update(self, *, hit: bool) -> None:
        """Count one item.

        A set with k hits gives the next one with probability (k - hits) / (size - n).
        """
        log, left = self._log, self._log[self._size - self.n]
        if hit:
            gain = log[: self._size + 1 - self.hits]
            gain = [-math.inf] * self.hits + gain
        else:
            used = self.n - self.hits
            gain = log[: self._size + 1 - used][::-1] + [-math.inf] * used
        self._likelihood = [
            old + new - left for old, new in zip(self._likelihood, gain, strict=True)
        ]
        self.n += 1
        self.hits += hit

    def below(self, first: int) -> float:
        """Log evidence that fewer than `first` items of the set are hits."""
        return self._evidence(self._likelihood[:first], self._likelihood[first])

    def above(self, last: int) -> float:
        """Log evidence that more than `last` items of the set are hits."""
        return self._evidence(self._likelihood[last + 1 :], self._likelihood[last])

    def low(self, miss: float) -> float:
        """Lower end of the confidence sequence of the fraction of hits in the set.

        The likelihood of a uniform mixture over counts, divided by that of the true count,
        is a martingale; counts at which it has reached 1/miss are out.
        """
        return self._end(miss, upper=False)

    def high(self, miss: float) -> float:
        """Upper end; equal to the lower one once the set is used up."""
        return self._end(miss, upper=True)

    def copy(self) -> "Counts":
        """The same, to be updated apart."""
        twin = Counts(self._size)
        twin.n, twin.hits, twin._likelihood = self.n, self.hits, list(self._likelihood)
        return twin

    def _end(self, miss: float, *, upper: bool) -> float:
        # C(n, hits) times the likelihood, averaged over all counts, is 1 / (n + 1), as in
        # the continuous beta integral; so the mixture needs no sum.
        size, n, hits = self._size, self.n, self.hits
        mixture = -math.log(n + 1) - _log_choose(n, hits)
        lowest, highest = hits, size - (n - hits)

        def rejected(count: int) -> bool:
            log = _log_choose(size - n, count - hits) - _log_choose(size, count)
            return mixture - log >= -math.log(miss)

        inner = min(max(round(size * hits / n), lowest), highest)
        outer = highest if upper else lowest
        if not rejected(outer):
            return outer / size
        while abs(outer - inner) > 1:
            middle = (inner + outer) // 2
            if rejected(middle):
                outer = middle
            else:
                inner = middle
        return inner / size

    @staticmethod
    def _evidence(alternative: list[float], null: float) -> float:
        mass = log_sum(alternative) - math.log(len(alternative))
        if mass == -math.inf:
            return -CERTAIN
        return CERTAIN if null == -math.inf else min(mass - null, CERTAIN)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
