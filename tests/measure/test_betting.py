import math
import random
from itertools import product

import pytest

from steelyard.measure.betting import STAKES, Capital
from steelyard.measure.claim import Claim
from steelyard.measure.exact import boundaries, characteristics
from steelyard.measure.sequential import make


@pytest.mark.parametrize("mean", [0.05, 0.5, 0.8])
def test_capital_is_a_martingale_at_the_threshold(mean: float) -> None:
    # Three-valued outcomes with that mean, all sequences of five, weighted by probability.
    chances = {0.0: (1 - mean) * 0.75, 1.0: mean * 0.75, mean: 0.25}
    total = 0.0
    for draws in product(chances, repeat=5):
        capital, log = Capital(mean), 0.0
        for draw in draws:
            log = capital.update(draw)
        total += math.prod(chances[draw] for draw in draws) * math.exp(log)
    assert total == pytest.approx(1.0)


def test_no_stake_can_be_ruined() -> None:
    assert max(STAKES) < 1
    capital = Capital(0.01)
    assert math.isfinite([capital.update(0.0) for _ in range(5000)][-1])


def test_cluster_means_at_the_threshold_are_seldom_judged() -> None:
    # Twenty strongly correlated variants a cluster, of which each bets its mean.
    rng, passed, failed = random.Random(9), 0, 0
    for _ in range(60):
        test = make("mean", Claim("<=", 0.05))
        for _ in range(100):
            rate = rng.betavariate(0.05 * 4, 0.95 * 4)
            test.update(sum(rng.random() < rate for _ in range(20)) / 20)
        passed += test.log_e_pass >= math.log(20)
        failed += test.log_e_fail >= math.log(20)
    assert passed <= 6  # 3 expected at most
    assert failed <= 6


def test_betting_on_hits_costs_little_more_than_the_mixture() -> None:
    rng, spent = random.Random(3), 0
    for _ in range(50):
        test = make("mean", Claim("<=", 0.05))
        while max(test.log_e_pass, test.log_e_fail) < math.log(20):
            test.update(float(rng.random() < 0.10))
        spent += test.n
    best = characteristics(0.10, boundaries(0.05, 0.05, 2000)).calls
    assert spent / 50 < 1.5 * best
