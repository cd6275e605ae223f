import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from steelyard.measure.beta import clopper_pearson, log_above, log_below, log_complete


@given(
    st.floats(0.001, 0.999),
    st.floats(0.1, 3000),
    st.floats(0.1, 3000),
)
def test_the_incomplete_beta_agrees_with_scipy(x: float, a: float, b: float) -> None:
    whole = log_complete(a, b)
    for mine, theirs in (
        (log_below(x, a, b) - whole, special.betainc(a, b, x)),
        (log_above(x, a, b) - whole, special.betaincc(a, b, x)),
    ):
        if theirs > 1e-290:
            assert mine == pytest.approx(math.log(theirs), rel=1e-8, abs=1e-8)
        else:
            assert mine < -600


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (20, 20), (3, 50), (480, 500), (1, 1)])
def test_binomial_bounds_agree_with_scipy(hits: int, n: int) -> None:
    exact = stats.binomtest(hits, n).proportion_ci(0.99, method="exact")
    assert clopper_pearson(hits, n, 0.005) == pytest.approx((exact.low, exact.high), abs=1e-9)
