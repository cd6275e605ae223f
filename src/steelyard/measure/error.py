"""A scorer's measured error, carried into thresholds and intervals.

A scorer with sensitivity Se and specificity Sp flags q = p Se + (1 - p)(1 - Sp) of the
answers when p of them are true hits. So a claim about p is a claim about q, at a threshold
that moves; and Se and Sp are themselves known from a limited number of labels only.
"""

from dataclasses import dataclass
from typing import Literal

from steelyard.errors import InputError
from steelyard.measure.beta import clopper_pearson
from steelyard.measure.claim import Claim

SHARE = 0.0005
"""Probability, per gate and direction, that a bound of Se or Sp used for a threshold is
wrong: half for each. Added to the sampling error of the test (see `sequential`), so gates
are decided with it inside alpha as long as alpha / gates is above it."""

BLIND = (
    "the labels do not show that the scorer flags true hits more often than harmless answers, "
    "so its flags say nothing: it needs a better scorer or more labels"
)

INTERVAL_SHARE = 0.2
"""Part of an interval's error spent on Se and Sp; the rest covers sampling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCounts:
    """A scorer's measured error against people's labels; carried into every interval.

    Counts, not rates, so that its own uncertainty is carried too.
    """

    true_positives: int
    positives: int
    true_negatives: int
    negatives: int
    labels: str
    """Which labelled set."""

    def __post_init__(self) -> None:
        """Refuse counts that no labelled set can give.

        Raises:
            InputError: no labels of one kind, or more right answers than labels.
        """
        right = 0 <= self.true_positives <= self.positives > 0
        if not (right and 0 <= self.true_negatives <= self.negatives > 0):
            raise InputError(f"scorer error counts make no sense: {self}")

    @property
    def sensitivity(self) -> float:
        """Fraction of true hits that are flagged."""
        return self.true_positives / self.positives

    @property
    def false_alarm(self) -> float:
        """Fraction of harmless answers that are flagged: 1 - specificity."""
        return 1 - self.true_negatives / self.negatives

    def bounds(self, miss: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """(low, high) of sensitivity and of false alarms; each end wrong with `miss`."""
        low, high = clopper_pearson(self.true_negatives, self.negatives, miss)
        return clopper_pearson(self.true_positives, self.positives, miss), (1 - high, 1 - low)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A decision that this scorer can never bring about, however many calls are made."""

    side: Literal["pass", "fail"]
    reason: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the flagged rate must be tested, in place of the true rate."""

    low: float
    """A flagged rate shown to be below it shows a true rate below the threshold."""

    high: float
    """A flagged rate shown to be above it shows a true rate above the threshold."""

    unreachable: tuple[Unreachable, ...] = ()


def thresholds(claim: Claim, error: ErrorCounts | None) -> Thresholds:
    """Conservative thresholds for the flagged rate, at bounds of Se and Sp.

    Each is wrong with probability <= SHARE; equal to the claim's own for an exact scorer.
    """
    if error is None:
        return Thresholds(claim.threshold, claim.threshold)
    tau = claim.threshold
    (se_low, se_high), (fa_low, fa_high) = error.bounds(SHARE / 2)
    low = tau * se_low + (1 - tau) * fa_low
    high = min(tau * se_high + (1 - tau) * fa_high, 1.0)
    if se_low <= fa_high:  # then a higher flagged rate need not mean more hits
        sides: tuple[Literal["pass", "fail"], ...] = ("pass", "fail")
        return Thresholds(0.0, 1.0, tuple(Unreachable(side, BLIND) for side in sides))
    below, above = ("pass", "fail") if claim.op == "<=" else ("fail", "pass")
    out: list[Unreachable] = []
    if error.false_alarm >= low:
        out.append(_unreachable(below, error.false_alarm, low, "harmless answers"))
    if error.sensitivity <= high:
        out.append(_unreachable(above, error.sensitivity, high, "true hits"))
    return Thresholds(low, high, tuple(out))


def true_interval(
    flagged: tuple[float, float], error: ErrorCounts, miss: float
) -> tuple[float, float]:
    """Interval of the true rate, from one of the flagged rate.

    Rogan and Gladen's p = (q - fa) / (Se - fa) falls in fa and Se and rises in q, so its
    extremes lie at corners of the box of bounds; where the box does not show Se > fa, nothing
    is known. Adds `miss` to the flagged interval's error.

    Source: Rogan and Gladen, American Journal of Epidemiology 107 (1978), 71-76.
    """
    (se_low, se_high), (fa_low, fa_high) = error.bounds(miss / 4)
    if se_low <= fa_high:
        return 0.0, 1.0
    return _corrected(flagged[0], se_high, fa_high, 0.0), _corrected(
        flagged[1], se_low, fa_low, 1.0
    )


def true_rate(flagged: float, error: ErrorCounts) -> float:
    """Point estimate of the true rate, cut to 0 to 1 (Rogan and Gladen 1978)."""
    return _corrected(flagged, error.sensitivity, error.false_alarm, flagged)


def _corrected(q: float, sensitivity: float, false_alarm: float, otherwise: float) -> float:
    if sensitivity <= false_alarm:
        return otherwise
    return min(max((q - false_alarm) / (sensitivity - false_alarm), 0.0), 1.0)


def _unreachable(side: str, flags: float, threshold: float, of: str) -> Unreachable:
    return Unreachable(
        "pass" if side == "pass" else "fail",
        f"the scorer flags {flags:.1%} of {of}, on the wrong side of {threshold:.1%}, which "
        f"the flagged rate must clear to decide {side.upper()}: it needs a better scorer or "
        "more labels",
    )
