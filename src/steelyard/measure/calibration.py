"""Whether stated probabilities mean what they say.

The Brier score is a mean of bounded outcomes, so its interval is anytime-valid. The
calibration error is no mean: naive estimates are biased upwards, and its interval is a
bootstrap's, valid at the n at which it is made, not at every n.
"""

import math
from collections.abc import Sequence
from operator import itemgetter
from random import Random

from steelyard.errors import InputError
from steelyard.evidence.value import Estimate
from steelyard.measure.sequential import make

Forecast = tuple[float, bool]
"""Stated probability, and whether it came true."""

BINS = 10
REPLICATES = 400


def brier(forecasts: Sequence[Forecast], confidence: float) -> Estimate:
    """Mean squared distance of probabilities from what happened, 0 (best) to 1.

    Raises:
        InputError: no forecasts, or a probability outside 0 to 1.

    Source: Brier, Monthly Weather Review 78 (1950), 1-3, for two outcomes, halved.
    """
    _check(forecasts)
    test = make("mean", None)
    for p, happened in forecasts:
        test.update((p - happened) ** 2)
    return test.estimate(confidence)


def expected_calibration_error(
    forecasts: Sequence[Forecast], confidence: float, seed: int = 0
) -> Estimate:
    """Root mean squared gap between stated and true frequency, debiased; equal-mass bins.

    Each bin's squared gap is lowered by the variance of its frequency, which is what a
    perfectly calibrated forecaster would show; the root of the weighted mean, cut at 0, is
    the error. The interval is a basic percentile bootstrap over forecasts.

    Raises:
        InputError: fewer than two forecasts a bin, or a probability outside 0 to 1.

    Source: Kumar, Liang and Ma, "Verified uncertainty calibration", NeurIPS 2019,
    arXiv:1909.10155, section 5 (squared error, debiased).
    """
    _check(forecasts)
    if len(forecasts) < 2 * BINS:
        raise InputError(f"{len(forecasts)} forecasts: calibration needs {2 * BINS} or more")
    rng, value = Random(seed), _debiased(forecasts)
    replicates = sorted(
        _debiased(rng.choices(forecasts, k=len(forecasts))) for _ in range(REPLICATES)
    )
    tail = int((1 - confidence) / 2 * REPLICATES)
    return Estimate(
        value=value,
        low=min(replicates[tail], value),
        high=max(replicates[-1 - tail], value),
        confidence=confidence,
        n=len(forecasts),
        unit="fraction",
        method=f"debiased, {BINS} equal-mass bins; bootstrap at this n, {REPLICATES} replicates",
    )


def _debiased(forecasts: Sequence[Forecast]) -> float:
    # By probability alone: ties sorted by outcome too would make bins of one outcome.
    ordered = sorted(forecasts, key=itemgetter(0))
    n, total = len(ordered), 0.0
    for index in range(BINS):
        bin_ = ordered[index * n // BINS : (index + 1) * n // BINS]
        size = len(bin_)
        stated = math.fsum(p for p, _ in bin_) / size
        true = sum(happened for _, happened in bin_) / size
        total += size / n * ((stated - true) ** 2 - true * (1 - true) / max(size - 1, 1))
    return math.sqrt(max(total, 0.0))


def _check(forecasts: Sequence[Forecast]) -> None:
    if not forecasts:
        raise InputError("no forecasts: nothing to calibrate")
    if not all(0 <= p <= 1 for p, _ in forecasts):
        raise InputError("a stated probability lies outside 0 to 1")
