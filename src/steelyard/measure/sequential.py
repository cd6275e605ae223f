"""Sequential tests of a claim: feed outcomes, look as often as you like, stop when you like.

`make` gives the test for a kind of figure. Its evidence for PASS and for FAIL are two
e-processes; a verdict at `log evidence >= log(gates / alpha)` (`multiplicity`) is wrong with
probability at most alpha whatever the true figure and however one stops. At a budget's end
neither may have been reached: that is INCONCLUSIVE, an honest outcome.

A missing outcome (`update(None)`) counts as the worst case for PASS and, at the same time,
as the worst case for FAIL, so no way of going missing can bring a verdict about.
"""

import math
from abc import ABC, abstractmethod

from steelyard.errors import InputError
from steelyard.evidence.value import Estimate
from steelyard.measure.betting import Capital, Histogram
from steelyard.measure.claim import Claim, Kind
from steelyard.measure.error import (
    INTERVAL_SHARE,
    SHARE,
    ErrorCounts,
    Unreachable,
    thresholds,
    true_interval,
    true_rate,
)
from steelyard.measure.finite import Counts
from steelyard.measure.mixture import Mixture, interval


class SequentialTest(ABC):
    """A figure being measured and, if there is one, the claim about it being tested."""

    def __init__(self, claim: Claim | None, size: int) -> None:
        """Claim, or None to measure only; size of a finite set, 0 for an endless source."""
        self._claim = claim
        self._size = size
        self._below = 0.0
        self._above = 0.0
        self.n = 0
        """Outcomes counted, missing ones included."""

        self.missing = 0
        """Outcomes counted that were missing."""

        self.unreachable: tuple[Unreachable, ...] = ()
        """Decisions that no number of draws can bring about, and why."""

    @property
    def log_e_pass(self) -> float:
        """Most evidence so far that the claim holds, natural log; 0 without a claim."""
        return self._above if self._claim and self._claim.op == ">=" else self._below

    @property
    def log_e_fail(self) -> float:
        """Most evidence so far that the claim does not hold, natural log."""
        return self._below if self._claim and self._claim.op == ">=" else self._above

    @property
    def exhausted(self) -> bool:
        """Whether every item of a finite set has been counted."""
        return 0 < self._size <= self.n

    def update(self, value: float | None) -> None:
        """Count one outcome, in the order drawn; None for a missing one.

        Raises:
            InputError: the value is outside the figure's range, or the set is used up.
        """
        if self.exhausted:
            raise InputError(f"all {self._size} items of the set have been counted already")
        self.n += 1
        self.missing += value is None
        self._count(value)

    @abstractmethod
    def _count(self, value: float | None) -> None: ...

    @abstractmethod
    def estimate(self, confidence: float) -> Estimate:
        """The figure so far, with an interval that holds at every n at once; n >= 1."""

    def _note(self, method: str) -> str:
        if not self.missing:
            return method
        return f"{method}; {self.missing} of {self.n} outcomes missing, held against both ends"


def make(
    kind: Kind, claim: Claim | None, size: int = 0, error: ErrorCounts | None = None
) -> SequentialTest:
    """The test that suits a figure.

    Args:
        kind: `rate` of outcomes 0 or 1, `mean` of outcomes 0 to 1, `difference` of outcomes
            -1 to 1.
        claim: What is claimed of it; None for an interval only.
        size: Items of a finite set drawn without replacement (rates only; means bet as if
            the source were endless, which is sound and wastes a little).
        error: The scorer's error, for rates. A finite set is then taken as a sample of its
            population, since mistakes vary from set to set, and the claim is about that.

    Raises:
        InputError: the threshold is at an end of the range, or `error` with another kind.
    """
    if claim is not None:
        claim.check(kind)
    if kind != "rate":
        if error is not None:
            raise InputError(f"scorer error is counted for rates, not for a {kind}")
        return MeanTest(claim, size, signed=kind == "difference")
    if size and error is None:
        return FiniteTest(claim, size)
    return RateTest(claim, size, error)


class RateTest(SequentialTest):
    """A rate of hits from an endless source, by beta-binomial mixtures."""

    def __init__(self, claim: Claim | None, size: int, error: ErrorCounts | None) -> None:
        """See `make`."""
        super().__init__(claim, size)
        self._hits = 0
        self._error = error
        self._slack = 0.0 if error is None else SHARE
        self._low: Mixture | None = None
        self._high: Mixture | None = None
        if claim is not None:
            moved = thresholds(claim, error)
            self.unreachable = moved.unreachable
            self._low = Mixture(moved.low) if 0 < moved.low < 1 else None
            self._high = Mixture(moved.high) if 0 < moved.high < 1 else None

    def _count(self, value: float | None) -> None:
        hit = _binary(value)
        self._hits += hit is True
        # Only a non-hit raises the evidence below, only a hit that above.
        if hit is False and self._low:
            log = self._low.below(self.n, self._hits + self.missing)
            self._below = max(self._below, self._admit(log))
        if hit is True and self._high:
            self._above = max(self._above, self._admit(self._high.above(self.n, self._hits)))

    def _admit(self, log_e: float) -> float:
        """Evidence after the chance that the scorer's bounds are wrong: p = 1/e + slack."""
        return log_e if not self._slack else -math.log(math.exp(-max(log_e, 0)) + self._slack)

    def estimate(self, confidence: float) -> Estimate:
        """Beta-binomial mixture confidence sequence (Howard et al. 2021)."""
        miss = 1 - confidence
        seen = self.n - self.missing
        value = self._hits / seen if seen else 0.5
        most = self._hits + self.missing
        method = "beta-binomial mixture confidence sequence"
        if self._error is None:
            low, high = interval(self.n, self._hits, most, miss)
        else:
            spent = miss * INTERVAL_SHARE
            ends = interval(self.n, self._hits, most, miss - spent)
            low, high = true_interval(ends, self._error, spent)
            value = min(max(true_rate(value, self._error), low), high)
            method += f", corrected for scorer error on {self._error.labels}"
        return _estimate(value, (low, high), confidence, self.n, self._note(method))


class FiniteTest(SequentialTest):
    """The fraction of hits in a finite set, drawn without replacement, fixed outcomes."""

    def __init__(self, claim: Claim | None, size: int) -> None:
        """See `make`."""
        super().__init__(claim, size)
        self._fewest = Counts(size)
        self._most = Counts(size)
        self._apart = False

    def _count(self, value: float | None) -> None:
        hit = _binary(value)
        if hit is None and not self._apart:
            self._most, self._apart = self._fewest.copy(), True
        self._fewest.update(hit=hit is True)
        if self._apart:
            self._most.update(hit=hit is not False)
        else:
            self._most = self._fewest
        if self._claim is None:
            return
        last, first = _split(self._claim, self._size)
        if hit is not True:
            self._below = max(self._below, self._most.below(first))
        if hit is not False:
            self._above = max(self._above, self._fewest.above(last))

    def estimate(self, confidence: float) -> Estimate:
        """Confidence sequence without replacement; exact once the set is used up."""
        miss = 1 - confidence
        low = self._fewest.low(miss)
        high = self._most.high(miss)
        seen = self.n - self.missing
        value = self._fewest.hits / seen if seen else 0.5
        method = self._note(f"uniform mixture over counts, {self.n} of {self._size} items")
        return _estimate(min(max(value, low), high), (low, high), confidence, self.n, method)


class MeanTest(SequentialTest):
    """The mean of bounded outcomes, by averaged bettors."""

    def __init__(self, claim: Claim | None, size: int, *, signed: bool) -> None:
        """See `make`; signed: outcomes lie in -1 to 1, not 0 to 1."""
        super().__init__(claim, size)
        self._signed = signed
        self._seen = 0.0
        self._histogram = Histogram()
        self._bets: tuple[Capital, Capital] | None = None
        if claim is not None:
            tau = (claim.threshold + 1) / 2 if signed else claim.threshold
            self._bets = Capital(1 - tau), Capital(tau)

    def _count(self, value: float | None) -> None:
        low, high = 0.0, 1.0
        if value is not None:
            scaled = (value + 1) / 2 if self._signed else float(value)
            if not 0 <= scaled <= 1:
                raise InputError(f"outcome {value} is outside the figure's range")
            low = high = scaled
            self._seen += scaled
        self._histogram.add(low, high)
        if self._bets:
            below, above = self._bets
            self._below = max(self._below, below.update(1 - high))
            self._above = max(self._above, above.update(low))

    def estimate(self, confidence: float) -> Estimate:
        """Betting confidence sequence (Waudby-Smith and Ramdas 2024)."""
        seen = self.n - self.missing
        low, high = self._histogram.interval(1 - confidence)
        value = min(max(self._seen / seen if seen else 0.5, low), high)
        unit = "fraction"
        if self._signed:
            value, low, high, unit = 2 * value - 1, 2 * low - 1, 2 * high - 1, "points"
        return Estimate(
            value=value,
            low=low,
            high=high,
            confidence=confidence,
            n=self.n,
            unit=unit,
            method=self._note("betting confidence sequence, stakes averaged"),
        )


def _binary(value: float | None) -> bool | None:
    if value is None:
        return None
    if value not in (0, 1):
        raise InputError(f"outcome {value} of a rate: must be 0 or 1")
    return value == 1


def _split(claim: Claim, size: int) -> tuple[int, int]:
    """Largest count below the claim's border, and the one after it."""
    border = claim.threshold * size
    near = round(border)
    if abs(border - near) < 1e-9 * size:  # 0.9 * 10 is a whole number, whatever floats say
        last = near if claim.op == "<=" else near - 1
    else:
        last = math.floor(border)
    last = min(max(last, 0), size - 1)
    return last, last + 1


def _estimate(
    value: float, ends: tuple[float, float], confidence: float, n: int, method: str
) -> Estimate:
    return Estimate(
        value=value,
        low=ends[0],
        high=ends[1],
        confidence=confidence,
        n=n,
        unit="fraction",
        method=method,
    )
