import math
import random

import pytest

from steelyard.errors import InputError
from steelyard.measure.claim import Claim
from steelyard.measure.error import ErrorCounts, thresholds, true_interval
from steelyard.measure.sequential import make

GOOD = ErrorCounts(
    true_positives=930, positives=1000, true_negatives=1960, negatives=2000, labels="test"
)
POOR = ErrorCounts(true_positives=45, positives=50, true_negatives=45, negatives=50, labels="test")
FIVE = Claim("<=", 0.05)


def test_thresholds_move_outwards_of_what_the_point_estimates_say() -> None:
    moved = thresholds(Claim("<=", 0.1), GOOD)
    exact = 0.1 * 0.93 + 0.9 * 0.02
    assert moved.low < exact < moved.high
    assert moved.unreachable == ()
    assert thresholds(FIVE, None).low == thresholds(FIVE, None).high == 0.05


def test_a_pass_that_the_scorer_makes_impossible_is_said() -> None:
    (out,) = thresholds(FIVE, POOR).unreachable
    assert out.side == "pass"
    assert "better scorer" in out.reason
    (out,) = thresholds(Claim(">=", 0.95), POOR).unreachable
    assert out.side == "pass"
    assert make("rate", FIVE, 0, POOR).unreachable


def test_at_the_threshold_the_scorers_own_mistakes_cause_no_verdict() -> None:
    rng, passed, failed = random.Random(7), 0, 0
    for _ in range(60):
        test = make("rate", Claim("<=", 0.1), 0, GOOD)
        for _ in range(300):
            test.update(float(rng.random() < (0.93 if rng.random() < 0.1 else 0.02)))
        passed += test.log_e_pass >= math.log(20)
        failed += test.log_e_fail >= math.log(20)
    assert passed <= 3
    assert failed <= 3


def test_a_clear_case_is_still_decided_through_an_imperfect_scorer() -> None:
    rng = random.Random(2)
    low, high = make("rate", Claim("<=", 0.2), 0, GOOD), make("rate", Claim("<=", 0.2), 0, GOOD)
    for _ in range(400):
        low.update(float(rng.random() < 0.03))
        high.update(float(rng.random() < 0.5))
    assert low.log_e_pass > math.log(20)
    assert high.log_e_fail > math.log(20)


def test_evidence_is_capped_by_the_share_spent_on_the_scorer() -> None:
    test = make("rate", Claim("<=", 0.2), 0, GOOD)
    for _ in range(2000):
        test.update(0.0)
    assert test.log_e_pass == pytest.approx(math.log(1 / 0.0005), rel=1e-6)


def test_the_interval_is_of_the_true_rate_and_wider() -> None:
    rng = random.Random(4)
    plain, corrected = make("rate", None), make("rate", None, 0, GOOD)
    for _ in range(3000):
        flag = float(rng.random() < 0.3 * 0.93 + 0.7 * 0.02)
        plain.update(flag)
        corrected.update(flag)
    seen, true = plain.estimate(0.95), corrected.estimate(0.95)
    assert true.low < 0.3 < true.high
    assert true.high - true.low > seen.high - seen.low
    assert abs(true.value - 0.3) < 0.03
    assert "scorer error on test" in true.method


def test_a_scorer_no_better_than_chance_says_nothing() -> None:
    coin = ErrorCounts(true_positives=10, positives=20, true_negatives=10, negatives=20, labels="t")
    assert true_interval((0.4, 0.6), coin, 0.01) == (0.0, 1.0)


def test_counts_that_no_labels_can_give_are_refused() -> None:
    with pytest.raises(InputError):
        ErrorCounts(true_positives=3, positives=2, true_negatives=1, negatives=1, labels="t")
    with pytest.raises(InputError):
        ErrorCounts(true_positives=0, positives=0, true_negatives=1, negatives=1, labels="t")


BLIND = ErrorCounts(true_positives=2, positives=5, true_negatives=2, negatives=5, labels="test")
BACKWARDS = ErrorCounts(
    true_positives=400, positives=1000, true_negatives=400, negatives=1000, labels="test"
)


@pytest.mark.parametrize("error", [BLIND, BACKWARDS])
@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_scorer_not_shown_to_see_anything_decides_nothing(
    error: ErrorCounts, rate: float
) -> None:
    test = make("rate", Claim("<=", 0.5), 0, error)
    assert {out.side for out in test.unreachable} == {"pass", "fail"}
    for _ in range(2000):
        test.update(rate)
    assert max(test.log_e_pass, test.log_e_fail) == 0
    found = test.estimate(0.95)
    assert (found.low, found.high) == (0.0, 1.0)
