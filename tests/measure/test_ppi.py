import random
from statistics import NormalDist, variance

import pytest

from steelyard.errors import InputError
from steelyard.measure.ppi import Judged, all_positives, mean


def judged(n: int, total: int, rng: random.Random) -> Judged:
    def answer() -> tuple[float, float]:
        true = rng.random() < 0.3
        return float(true), float(rng.random() < (0.9 if true else 0.05))

    return Judged(
        labelled=tuple(answer() for _ in range(n)),
        unlabelled=tuple(answer()[1] for _ in range(total)),
    )


def test_its_variance_over_repetitions_is_that_of_the_formula() -> None:
    rng, n, total = random.Random(1), 200, 2000
    values = [mean(judged(n, total, rng), 0.95).value for _ in range(400)]
    # Judge: TPR 0.9, FPR 0.05, base rate 0.3.
    flagged = 0.3 * 0.9 + 0.7 * 0.05
    covariance = 0.3 * 0.9 - 0.3 * flagged
    rho2 = covariance**2 / (0.21 * flagged * (1 - flagged))
    expected = 0.21 / n * (1 - rho2 * total / (total + n))
    assert variance(values) == pytest.approx(expected, rel=0.25)
    assert sum(values) / len(values) == pytest.approx(0.3, abs=0.005)


def test_its_interval_is_as_wide_as_the_formula_says_and_covers() -> None:
    rng, inside = random.Random(2), 0
    for _ in range(200):
        estimate = mean(judged(150, 1500, rng), 0.9)
        inside += estimate.low <= 0.3 <= estimate.high
    assert 165 <= inside <= 195


def test_a_useless_judge_costs_nothing() -> None:
    rng = random.Random(3)
    labels = [float(rng.random() < 0.3) for _ in range(300)]
    noise = Judged(
        labelled=tuple((y, float(rng.random() < 0.5)) for y in labels),
        unlabelled=tuple(float(rng.random() < 0.5) for _ in range(3000)),
    )
    estimate = mean(noise, 0.95)
    classic = 2 * NormalDist().inv_cdf(0.975) * (variance(labels) / 300) ** 0.5
    assert estimate.high - estimate.low < 1.05 * classic


def test_labelling_all_positives_is_unbiased_and_covers_where_hits_are_rare() -> None:
    rng, inside, values = random.Random(4), 0, []
    answers = [(rng.random() < 0.02) for _ in range(3000)]
    flags = [rng.random() < (0.9 if a else 0.03) for a in answers]
    truth = sum(answers) / len(answers)
    positives = [float(a) for a, f in zip(answers, flags, strict=True) if f]
    rest = [float(a) for a, f in zip(answers, flags, strict=True) if not f]
    for _ in range(200):
        estimate = all_positives(positives, rng.sample(rest, 300), len(rest), 0.95)
        values.append(estimate.value)
        inside += estimate.low <= truth <= estimate.high
    assert sum(values) / 200 == pytest.approx(truth, abs=0.001)
    assert inside >= 185


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(InputError):
        mean(Judged(labelled=((1.0, 1.0),), unlabelled=(0.0,)), 0.95)
    with pytest.raises(InputError):
        all_positives([1.0], [0.0] * 5, 3, 0.95)
