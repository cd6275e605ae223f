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


class Policy(Value, frozen=True, kw_only=True):
    """Gates, and what evidence may be judged by them."""

    schema: Literal["steelyard.policy/1"] = "steelyard.policy/1"
    id: str
    title: str
    owner: str = ""
    review_by: date | None = None
    alpha: Fraction = 0.05
    """Probability that any gate is decided wrongly, over all gates together (e-Holm)."""

    allow_unpinned: bool = False
    """Whether evidence about an endpoint, bound to no weights, may admit."""

    max_age_days: int = 180
    gates: tuple[Gate, ...] = msgspec.field(name="gate")
