import math

from steelyard.measure.claim import Claim
from steelyard.measure.multiplicity import EHolm
from steelyard.measure.planning import expected_calls, fewest_calls


def test_a_step_taken_makes_the_next_one_easier_in_the_same_direction_only() -> None:
    rule = EHolm(gates=3, alpha=0.05)
    sure, half, enough = math.log(61), math.log(41), math.log(21)
    assert rule.decide([(enough, 0), (half, 0), (sure, 0)]) == ["pass", "pass", "pass"]
    assert rule.decide([(enough, 0), (half, 0), (0, 0)]) == ["open", "open", "open"]
    assert rule.decide([(0, sure), (half, 0), (0, 0)]) == ["fail", "open", "open"]


def test_one_gate_needs_one_over_alpha() -> None:
    rule = EHolm(gates=1, alpha=0.05)
    assert rule.decide([(math.log(20.01), 0)]) == ["pass"]
    assert rule.decide([(0, math.log(19.9))]) == ["open"]


def test_gates_not_given_still_count_in_the_family() -> None:
    assert EHolm(gates=10, alpha=0.05).decide([(math.log(150), 0)]) == ["open"]


def test_the_fewest_calls_are_those_of_the_published_table() -> None:
    assert fewest_calls(Claim("<=", 0.05), 0.05) == 82
    assert fewest_calls(Claim(">=", 0.95), 0.05) == 82
    assert fewest_calls(Claim(">=", 148 / 164), 0.05, size=164) == 35
    assert fewest_calls(Claim("<=", 0.01), 0.05) > 50


def test_expected_calls_follow_the_divergence() -> None:
    claim = Claim("<=", 0.05)
    for rate, calls in ((0.001, 65), (0.01, 121), (0.03, 613), (0.07, 796), (0.2, 21)):
        assert abs(expected_calls(rate, claim, 0.05) - calls) < 1
    assert expected_calls(0.05, claim, 0.05) == math.inf


def test_an_unchanged_difference_is_what_a_flawless_model_shows() -> None:
    strict = fewest_calls(Claim(">=", -0.1), 0.05, kind="difference")
    loose = fewest_calls(Claim(">=", -0.3), 0.05, kind="difference")
    rise = fewest_calls(Claim(">=", 0.1), 0.05, kind="difference")
    assert rise < loose < strict
    assert fewest_calls(Claim("<=", 0.1), 0.05, kind="difference") == strict
