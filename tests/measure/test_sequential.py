import math
import random
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.measure.claim import Claim, Kind
from steelyard.measure.finite import Counts
from steelyard.measure.mixture import Mixture
from steelyard.measure.sequential import SequentialTest, make

FIVE = Claim("<=", 0.05)
OUTCOMES = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=120)


def fed(
    outcomes: Sequence[float | None],
    claim: Claim | None = FIVE,
    kind: Kind = "rate",
    size: int = 0,
) -> SequentialTest:
    test = make(kind, claim, size)
    for outcome in outcomes:
        test.update(outcome)
    return test


@pytest.mark.parametrize(("hits", "n"), [(0, 82), (1, 130), (5, 276)])
def test_the_first_pass_comes_where_the_published_table_puts_it(hits: int, n: int) -> None:
    goal = math.log(20)
    assert fed([1.0] * hits + [0.0] * (n - hits)).log_e_pass >= goal
    assert fed([1.0] * hits + [0.0] * (n - hits - 1)).log_e_pass < goal


@pytest.mark.parametrize(("hits", "n"), [(4, 4), (4, 5), (5, 10), (7, 30), (13, 100)])
def test_the_first_fail_comes_where_the_published_table_puts_it(hits: int, n: int) -> None:
    goal = math.log(20)
    assert fed([0.0] * (n - hits) + [1.0] * hits).log_e_fail >= goal
    assert fed([0.0] * (n - hits + 1) + [1.0] * (hits - 1)).log_e_fail < goal


def test_a_claim_of_at_least_is_the_mirror_of_a_claim_of_at_most() -> None:
    rng = random.Random(3)
    outcomes: list[float | None] = [float(rng.random() < 0.1) for _ in range(200)]
    mirrored = [None if x is None else 1 - x for x in outcomes]
    for kind, size in (("rate", 0), ("rate", 250), ("mean", 0)):
        plain = fed(outcomes, Claim("<=", 0.2), kind, size)  # type: ignore[arg-type] # literals
        twin = fed(mirrored, Claim(">=", 0.8), kind, size)  # type: ignore[arg-type] # literals
        assert twin.log_e_pass == pytest.approx(plain.log_e_pass)
        assert twin.log_e_fail == pytest.approx(plain.log_e_fail)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_threshold_that_sampling_cannot_decide_is_refused_with_advice(threshold: float) -> None:
    with pytest.raises(InputError, match="claim a small rate instead"):
        make("rate", Claim("<=", threshold))


def test_evidence_is_a_martingale_at_the_threshold() -> None:
    # Over all 2^12 streams, weighted by their probability at the threshold, the final
    # evidence averages to exactly 1: neither side gives anything away, nor takes it.
    mixture, n = Mixture(0.05), 12
    weights = [math.comb(n, s) * 0.05**s * 0.95 ** (n - s) for s in range(n + 1)]
    for side in (mixture.below, mixture.above):
        mean = sum(w * math.exp(side(n, s)) for s, w in enumerate(weights))
        assert mean == pytest.approx(1.0)


def test_finite_evidence_averages_to_one_at_the_nearest_wrong_count() -> None:
    size, n = 9, 4

    for hits, side in ((5, "below"), (4, "above")):
        total, ways = 0.0, 0
        for places in combinations(range(size), hits):
            counts = Counts(size)
            for index in range(n):
                counts.update(hit=index in places)
            total += math.exp(counts.below(5) if side == "below" else counts.above(4))
            ways += 1
        assert total / ways == pytest.approx(1.0)


def test_a_finite_set_is_decided_with_certainty_at_its_end() -> None:
    claim = Claim(">=", 0.9)
    enough = fed([0.0] * 2 + [1.0] * 18, claim, size=20)
    short = fed([1.0] * 17 + [0.0] * 3, claim, size=20)
    assert enough.exhausted
    assert enough.log_e_pass > 100
    assert short.log_e_fail > 100
    estimate = short.estimate(0.95)
    assert estimate.low == estimate.value == estimate.high == 0.85
    with pytest.raises(InputError, match="all 20 items"):
        short.update(1.0)


@settings(max_examples=60, deadline=None)
@given(
    OUTCOMES,
    st.sampled_from(["rate", "mean"]),
    st.sampled_from([0, 150]),
    st.sampled_from([0.0, 1.0]),
)
def test_a_missing_outcome_never_helps_either_verdict(
    outcomes: list[float | None], kind: Kind, size: int, instead: float
) -> None:
    held = fed(outcomes, FIVE, kind, size)
    known = fed([instead if x is None else x for x in outcomes], FIVE, kind, size)
    assert held.log_e_pass <= known.log_e_pass + 1e-9
    assert held.log_e_fail <= known.log_e_fail + 1e-9
    wide, narrow = held.estimate(0.95), known.estimate(0.95)
    assert wide.low <= narrow.low + 1e-9
    assert narrow.high <= wide.high + 1e-9


def test_a_wholly_missing_stream_says_nothing() -> None:
    kinds: tuple[Kind, ...] = ("rate", "mean", "difference")
    for kind in kinds:
        test = fed([None] * 50, Claim("<=", 0.05), kind)
        assert test.log_e_pass == test.log_e_fail == 0
        estimate = test.estimate(0.95)
        assert estimate.high - estimate.low >= (1.99 if kind == "difference" else 0.99)


@pytest.mark.parametrize("kind", ["rate", "mean"])
@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_intervals_cover_the_truth_at_every_n_at_once(kind: Kind, rate: float) -> None:
    rng, missed, runs = random.Random(11), 0, 100
    for _ in range(runs):
        test = make(kind, None)
        out = False
        for n in range(1, 201):
            test.update(float(rng.random() < rate))
            if n % 10 == 0:
                estimate = test.estimate(0.9)
                out = out or not estimate.low <= rate <= estimate.high
        missed += out
    assert missed <= 17  # 10 expected at most; 99 % of Binomial(100, 0.1) is below 18


def test_a_difference_is_tested_and_reported_in_points() -> None:
    rng = random.Random(5)
    outcomes: list[float | None] = [rng.choice([-1.0, 0.0, 0.0, 0.0]) for _ in range(600)]
    test = fed(outcomes, Claim(">=", -0.1), "difference")
    estimate = test.estimate(0.95)
    assert estimate.unit == "points"
    assert estimate.low < -0.25 < estimate.high < -0.1
    assert test.log_e_fail > math.log(20)
    assert test.log_e_pass < 1


def test_an_outcome_out_of_range_is_refused() -> None:
    for kind, value in (("rate", 0.5), ("mean", 1.2), ("difference", -1.5)):
        with pytest.raises(InputError):
            fed([value], None, kind)  # type: ignore[arg-type] # literals
