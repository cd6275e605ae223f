"""What the rules do, computed without simulation: the proof behind every verdict.

For outcomes 0 and 1 a rule is two integer boundaries on the hits, so its chance of a wrong
verdict and its mean number of calls follow, for any true rate, from a sum over the paths
that have crossed neither.
"""

import math
from dataclasses import dataclass

from steelyard.measure.finite import Counts
from steelyard.measure.mixture import Mixture

NEGLIGIBLE = 1e-13
"""Probability left undecided at which the sum stops."""


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What a rule does at one true rate. `below + above + undecided` is 1."""

    below: float
    """Probability of deciding that the rate is below the threshold."""

    above: float
    undecided: float
    """Probability of reaching the cap without a decision."""

    calls: float
    """Mean calls, an undecided run counting as the cap."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Hits at which the rule decides, for each n from 0 to the cap."""

    low: tuple[int, ...]
    """Deciding `below` at this many hits or fewer; -1 where no count decides."""

    high: tuple[int, ...]
    """Deciding `above` at this many hits or more."""


def boundaries(threshold: float, alpha: float, cap: int) -> Boundaries:
    """The boundaries of the mixture rule for a rate, up to `cap` calls."""
    mixture, goal = Mixture(threshold), -math.log(alpha)
    lows, highs = [-1], [1]
    for n in range(1, cap + 1):
        low, high = lows[-1], highs[-1]
        while low + 1 <= n and mixture.below(n, low + 1) >= goal:
            low += 1
        while high <= n and mixture.above(n, high) < goal:
            high += 1
        lows.append(low)
        highs.append(high)
    return Boundaries(tuple(lows), tuple(highs))


def characteristics(rate: float, bounds: Boundaries) -> Characteristics:
    """Exact error and mean calls when every outcome is a hit with probability `rate`."""
    alive, start = [1.0], 0
    below = above = calls = 0.0
    for low, high in zip(bounds.low[1:], bounds.high[1:], strict=True):
        mass = math.fsum(alive)
        if mass < NEGLIGIBLE:
            break
        calls += mass
        stayed = [p * (1 - rate) for p in alive]
        moved = [p * rate for p in alive]
        alive = [a + b for a, b in zip([*stayed, 0.0], [0.0, *moved], strict=True)]
        ended_low = max(low - start + 1, 0)
        ended_high = max(start + len(alive) - high, 0)
        below += math.fsum(alive[:ended_low])
        above += math.fsum(alive[len(alive) - ended_high :])
        alive = alive[ended_low : len(alive) - ended_high]
        start += ended_low
    return Characteristics(below, above, math.fsum(alive), calls)


def finite_characteristics(hits: int, size: int, border: int, alpha: float) -> Characteristics:
    """The same for a set of `size` items of which `hits` are hits, in random order.

    `below` decides that fewer than `border` are hits, `above` that `border` or more are.
    """
    goal = -math.log(alpha)
    alive = {0: 1.0}
    below = above = calls = 0.0
    for n in range(size):
        calls += math.fsum(alive.values())
        reached: dict[int, float] = {}
        for seen, p in alive.items():
            chance = (hits - seen) / (size - n)
            reached[seen + 1] = reached.get(seen + 1, 0.0) + p * chance
            reached[seen] = reached.get(seen, 0.0) + p * (1 - chance)
        alive = {}
        for seen, p in reached.items():
            counts = Counts.after(size, n + 1, seen)
            if p == 0:
                continue
            if counts.below(border) >= goal:
                below += p
            elif counts.above(border - 1) >= goal:
                above += p
            else:
                alive[seen] = p
    return Characteristics(below, above, math.fsum(alive.values()), calls)
