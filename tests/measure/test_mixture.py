"""Evidence looked at after every case equals evidence computed once at the end."""

import math
import random

import pytest
from scipy import integrate

from steelyard.measure.mixture import Mixture


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("threshold", [0.01, 0.05, 0.5, 0.95])
def test_the_way_to_a_count_changes_nothing(threshold: float, rate: float) -> None:
    walked, rng, hits = Mixture(threshold), random.Random(1), 0
    for n in range(1, 1500):
        hit = rng.random() < rate
        hits += hit
        found = walked.above(n, hits) if hit else walked.below(n, hits)
        if n % 37 == 0:
            once = Mixture(threshold)
            direct = once.above(n, hits) if hit else once.below(n, hits)
            assert found == pytest.approx(direct, rel=1e-9, abs=1e-9)


def test_both_sides_agree_with_numerical_integration() -> None:
    threshold, n, hits = 0.05, 120, 7
    mixture = Mixture(threshold)

    def likelihood(p: float) -> float:
        prior = (1 - p) ** 18
        return float(prior * (p / threshold) ** hits * ((1 - p) / (1 - threshold)) ** (n - hits))

    def prior(p: float) -> float:
        return float((1 - p) ** 18)

    for found, ends in (
        (mixture.below(n, hits), (0.0, threshold)),
        (mixture.above(n, hits), (threshold, 1.0)),
    ):
        mass, _ = integrate.quad(likelihood, *ends)
        whole, _ = integrate.quad(prior, *ends)
        assert found == pytest.approx(math.log(mass / whole), rel=1e-6)
