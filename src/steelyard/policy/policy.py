"""What an adopter demands: gates over figures, in TOML."""

from datetime import date
from typing import Literal

import msgspec

from steelyard.evidence.value import Fraction, Value


class Gate(Value, frozen=True, kw_only=True):
    """One claim that evidence must support."""

    metric: str
    """`<probe id>.<measure>`, e.g. `security.jailbreak.asr`."""

    op: Literal["<=", ">="]
    threshold: float
    """In the measure's unit: a fraction 0 to 1, or points -1 to 1 for a difference."""

    severity: Literal["block", "warn"] = "block"
    """What a FAIL does: block refuses, warn asks for review."""

    on_missing: Literal["review", "refuse"] = "review"
    """What INCONCLUSIVE or not measured does."""

    why: str
    """Plain words for the reader: what goes wrong if this does not hold."""


class Waiver(Value, frozen=True, kw_only=True):
    """A gate that somebody answers for, for a while, although it is not met."""

    metric: str
    reason: str
    by: str
    """Who answers for it."""

    until: date
    """Last day on which it counts."""


class Policy(Value, frozen=True, kw_only=True):
    """Gates, and what evidence may be judged by them."""

    schema: Literal["steelyard.policy/1"] = "steelyard.policy/1"
    id: str
    title: str
    owner: str = ""
    review_by: date | None = None
    alpha: Fraction = 0.05
    """Probability of any wrong PASS over all gates together, and likewise of any wrong FAIL
    (e-Holm in each direction, `design/010`)."""

    allow_unpinned: bool = False
    """Whether evidence about an endpoint, bound to no weights, may admit."""

    max_age_days: int = 180
    """Evidence older than this no longer lets a gate pass."""

    require_inspection: bool = False
    """Whether the files must have been inspected too. If they were, a file that runs code
    when loaded, or a critical finding, refuses, whatever this says."""

    waivers: tuple[Waiver, ...] = msgspec.field(name="waiver", default=())
    gates: tuple[Gate, ...] = msgspec.field(name="gate")
