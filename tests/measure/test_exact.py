"""The acceptance test of every verdict: error and cost by exact computation."""

import math

import pytest

from steelyard.measure.exact import (
    Boundaries,
    boundaries,
    characteristics,
    finite_characteristics,
)
from steelyard.measure.paired import log_evidence

TABLE = {0.001: 86, 0.005: 106, 0.01: 140, 0.02: 279, 0.08: 457, 0.10: 182, 0.15: 60, 0.20: 34}
NEAR = {0.03: 735, 0.04: 3630, 0.07: 1001}
OTHERS = {
    0.01: {0.0002: 438, 0.002: 715, 0.005: 2231, 0.02: 957, 0.04: 177},
    0.10: {0.002: 42, 0.02: 68, 0.05: 208, 0.2: 85, 0.4: 16},
    0.20: {0.004: 20, 0.04: 32, 0.10: 95, 0.4: 36, 0.8: 6},
}
FINITE = {0: 2.0, 49: 3.8, 82: 7.1, 115: 20.5, 131: 49, 139: 87, 144: 124, 147: 148, 148: 155}


@pytest.fixture(scope="module")
def five() -> Boundaries:
    return boundaries(0.05, 0.05, 10_000)


@pytest.fixture(scope="module")
def short() -> Boundaries:
    return boundaries(0.05, 0.05, 2500)


@pytest.mark.parametrize("rate", TABLE)
def test_mean_calls_are_those_of_the_table(short: Boundaries, rate: float) -> None:
    found = characteristics(rate, short)
    assert found.calls == pytest.approx(TABLE[rate], rel=0.02)
    assert (found.above if rate < 0.05 else found.below) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("rate", NEAR)
def test_mean_calls_near_the_threshold_are_those_of_the_table(
    five: Boundaries, rate: float
) -> None:
    found = characteristics(rate, five)
    assert found.calls == pytest.approx(NEAR[rate], rel=0.02)
    if rate == 0.04:
        assert found.below == pytest.approx(0.96, abs=0.005)


@pytest.mark.parametrize("threshold", [pytest.param(0.01, marks=pytest.mark.slow), 0.1, 0.2])
def test_mean_calls_at_other_thresholds_are_those_of_the_table(threshold: float) -> None:
    bounds = boundaries(threshold, 0.05, 8000 if threshold < 0.05 else 2000)
    for rate, calls in OTHERS[threshold].items():
        assert characteristics(rate, bounds).calls == pytest.approx(calls, rel=0.02, abs=0.5)


@pytest.mark.parametrize("threshold", [0.01, 0.05, 0.10, 0.20, 0.5, 0.9])
def test_no_true_rate_is_judged_wrongly_more_than_alpha(threshold: float) -> None:
    bounds = boundaries(threshold, 0.05, 1200)
    for share in (0.5, 0.8, 0.9, 0.97, 0.999999):
        assert characteristics(threshold * share, bounds).above <= 0.05
        assert characteristics(min(threshold / share, 1.0), bounds).below <= 0.05


@pytest.mark.slow
def test_at_the_threshold_itself_the_error_is_what_the_table_says(five: Boundaries) -> None:
    found = characteristics(0.05, five)
    assert found.below == pytest.approx(0.046, abs=0.001)
    assert found.above == pytest.approx(0.036, abs=0.001)


@pytest.mark.parametrize("hits", FINITE)
def test_a_finite_benchmark_costs_what_the_table_says(hits: int) -> None:
    found = finite_characteristics(hits, 164, 148, 0.05)
    assert found.calls == pytest.approx(FINITE[hits], rel=0.02, abs=0.5)
    assert (found.above if hits < 148 else found.below) <= 0.05
    assert found.undecided == 0


@pytest.mark.parametrize(("rate", "pairs"), [(0.7, 54), (0.6, 241), (0.8, 23)])
def test_pairs_needed_to_show_a_bias_are_those_of_the_table(rate: float, pairs: int) -> None:
    goal = math.log(20)
    alive, calls = {0: 1.0}, 0.0
    for n in range(1, 3001):
        calls += sum(alive.values())
        reached: dict[int, float] = {}
        for first, p in alive.items():
            reached[first + 1] = reached.get(first + 1, 0.0) + p * rate
            reached[first] = reached.get(first, 0.0) + p * (1 - rate)
        alive = {k: p for k, p in reached.items() if log_evidence(k, n - k) < goal and p > 1e-14}
        if not alive:
            break
    assert calls == pytest.approx(pairs, rel=0.01, abs=0.5)
