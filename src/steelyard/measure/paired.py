"""Does changing one word change the answer? Evidence from pairs that disagree.

Of two answers to twin questions, only pairs that differ say anything; if the change makes no
difference, each way of differing is equally likely.

Source: McNemar, Psychometrika 12 (1947), 153-157, made anytime-valid by a uniform mixture
over the rate (Robbins 1970).
"""

import math

from steelyard.measure.beta import log_complete

UNIFORM = 1.0


class PairedTest:
    """Two-sided evidence against `both directions are equally likely`."""

    def __init__(self) -> None:
        """No pairs yet."""
        self.first = 0
        """Discordant pairs in favour of the first twin."""

        self.second = 0
        self.log_e = 0.0
        """Most evidence so far that the twins are treated differently, natural log."""

    @property
    def discordant(self) -> int:
        """Pairs counted that differ."""
        return self.first + self.second

    def update(self, difference: float) -> None:
        """Count a pair by the sign of (first - second); equal ones say nothing."""
        if difference == 0:
            return
        self.first += difference > 0
        self.second += difference < 0
        self.log_e = max(self.log_e, log_evidence(self.first, self.second))


def log_evidence(first: int, second: int) -> float:
    """Log likelihood ratio of the mixture against one half."""
    mixed = log_complete(UNIFORM + first, UNIFORM + second)
    return mixed - log_complete(UNIFORM, UNIFORM) + (first + second) * math.log(2)
