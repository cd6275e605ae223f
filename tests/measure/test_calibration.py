import random

import pytest

from steelyard.errors import InputError
from steelyard.measure.calibration import Forecast, brier, expected_calibration_error


def forecasts(n: int, shift: float = 0.0, seed: int = 1) -> list[Forecast]:
    rng = random.Random(seed)
    drawn = [rng.uniform(0.2, 0.8) for _ in range(n)]
    return [(p + shift, rng.random() < p) for p in drawn]


def test_the_brier_score_of_a_calibrated_forecaster_is_its_mean_variance() -> None:
    # E p(1-p) for p uniform on (0.2, 0.8): 1/4 - 0.36/12.
    estimate = brier(forecasts(4000), 0.95)
    assert estimate.low < 0.25 - 0.03 < estimate.high
    assert estimate.value == pytest.approx(0.22, abs=0.01)


def test_a_perfect_forecaster_scores_nothing() -> None:
    assert brier([(1.0, True), (0.0, False)] * 50, 0.95).value == 0


def test_calibration_error_of_a_calibrated_forecaster_is_near_nothing() -> None:
    values = [expected_calibration_error(forecasts(500, seed=s), 0.95).value for s in range(10)]
    assert sum(values) / len(values) < 0.03  # undebiased: about 0.07


def test_calibration_error_finds_a_constant_shift() -> None:
    estimate = expected_calibration_error(forecasts(3000, shift=0.15), 0.95)
    assert estimate.low < 0.15 < estimate.high
    assert estimate.value == pytest.approx(0.15, abs=0.02)


def test_too_few_or_impossible_forecasts_are_refused() -> None:
    with pytest.raises(InputError, match="calibration needs 20"):
        expected_calibration_error(forecasts(19), 0.95)
    with pytest.raises(InputError, match="nothing to calibrate"):
        brier([], 0.95)
    with pytest.raises(InputError, match="outside 0 to 1"):
        brier([(1.2, True)], 0.95)


def test_forecasts_of_one_probability_are_not_sorted_by_their_outcome() -> None:
    same = [(0.9, index % 4 == 0) for index in range(400)]
    found = expected_calibration_error(same, 0.95)
    assert abs(found.value - 0.65) < 0.01
