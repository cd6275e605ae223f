"""Evidence about the mean of a figure between 0 and 1, by betting.

A bettor who stakes the share c of its capital on `mean > m` multiplies it by
1 - c + c x / m at a draw x: a fair game or worse if the mean is m or less, so the capital
is evidence against that. Several stakes are averaged, each being right for another distance
between mean and threshold.

Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
JRSS-B 86 (2024), arXiv:2010.09686, section 4. Where we differ: constant stakes on a
geometric grid instead of one predictable stake, which makes the capital a function of the
draws' histogram alone, so an interval costs no pass over the data.
"""

import math
from collections import Counter

from steelyard.measure.beta import log_sum

STAKES = tuple(0.99 * 0.6**k for k in range(13))
"""Shares of the capital, largest first; the smallest, 0.2 %, suits claims that are decided
after some ten thousand draws."""

STEPS = 1000
"""Draws are kept, for intervals, to this many steps, rounded against the interval."""

HALVINGS = 14


class Capital:
    """Averaged bettors on `mean > threshold`."""

    def __init__(self, threshold: float) -> None:
        """Threshold: strictly between 0 and 1."""
        self._factors = [(1 - stake, stake / threshold) for stake in STAKES]
        self._logs = [0.0] * len(STAKES)

    def update(self, value: float) -> float:
        """Bet on one draw; the log of the average capital after it."""
        log = math.log
        self._logs = [
            old + log(kept + won * value)
            for old, (kept, won) in zip(self._logs, self._factors, strict=True)
        ]
        return log_sum(self._logs) - math.log(len(STAKES))


class Histogram:
    """What an interval of the mean needs of the draws; grows to STEPS + 1 counts at most."""

    def __init__(self) -> None:
        """Empty."""
        self.total = 0.0
        self._floor: Counter[int] = Counter()
        self._ceiling: Counter[int] = Counter()

    def add(self, low: float, high: float) -> None:
        """One draw, known to lie between `low` and `high` (equal unless missing)."""
        self.total += (low + high) / 2
        self._floor[math.floor(low * STEPS + 1e-9)] += 1
        self._ceiling[math.ceil(high * STEPS - 1e-9)] += 1

    def interval(self, miss: float) -> tuple[float, float]:
        """Confidence sequence of the mean; it covers at every n at once but with `miss`."""
        above = {step / STEPS: times for step, times in self._floor.items()}
        below = {1 - step / STEPS: times for step, times in self._ceiling.items()}
        return _lower(above, miss / 2), 1 - _lower(below, miss / 2)


def _lower(counts: dict[float, int], miss: float) -> float:
    """Largest m, rounded down, at which the bettors on `mean > m` have reached 1/miss."""
    n = sum(counts.values())
    goal = math.log(len(STAKES) / miss)
    low, high = 0.0, sum(value * times for value, times in counts.items()) / n
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle > 0 and _reached(counts, middle, goal):
            low = middle
        else:
            high = middle
    return low


def _reached(counts: dict[float, int], mean: float, goal: float) -> bool:
    logs = [
        sum(times * math.log(1 - c + c * value / mean) for value, times in counts.items())
        for c in STAKES
    ]
    return log_sum(logs) >= goal
