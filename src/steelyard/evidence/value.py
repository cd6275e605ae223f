"""The values that every maker and every reader of evidence shares."""

import math
from typing import Annotated, Literal

import msgspec

from steelyard.errors import EvidenceError

Dimension = Literal["performance", "robustness", "truthfulness", "security", "selftest"]
Layer = Literal["governance", "model", "application"]
Access = Literal["endpoint", "weights", "full"]
"""What a check needs: an endpoint to ask, weights to read, or weights to run and open."""

Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
"""In rising order."""

Fraction = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that crosses a wire: frozen, strict, keyword only.

    Unions are told apart by a `kind` field; see `Finding` and `Skipped`.
    """


class Skipped(Value, frozen=True, kw_only=True, tag_field="kind", tag="skipped"):
    """Something that was not measured or not read, and why. Never silence, NaN, 0 or None."""

    what: str
    """A rule id, a metric, a file."""

    reason: str
    """A sentence for the reader of the report."""


class Estimate(Value, frozen=True, kw_only=True, tag_field="kind", tag="estimate"):
    """A measured number. No bare float leaves `measure`."""

    value: float
    """In `unit`."""

    low: float
    high: float
    """Ends of the anytime-valid confidence sequence, in `unit`."""

    confidence: Fraction
    """Coverage of [low, high] at every sample size at once, e.g. 0.95."""

    n: int
    """Independent draws (clusters) that went in."""

    unit: str
    """`fraction` (0 to 1), `points` (difference of fractions, -1 to 1), `nats`, …"""

    method: str
    """How the interval was made, e.g. `beta-binomial mixture, stitched on hits`."""

    def __post_init__(self) -> None:
        """Refuse what is not a measurement.

        Raises:
            EvidenceError: a number is not finite, or the interval is upside down.
        """
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise EvidenceError("an estimate holds finite numbers only; use Skipped(reason)")
        if self.low > self.high:
            raise EvidenceError(f"interval upside down: [{self.low}, {self.high}]")


class Place(Value, frozen=True, kw_only=True):
    """Where in a model something was found."""

    path: str
    """Relative to the model's root, POSIX separators; `""` for the whole model."""

    member: str = ""
    """Member inside an archive, `outer.zip!inner.pkl` when nested; a tensor or JSON path."""

    start: int = -1
    """First byte, -1 where no byte range applies."""

    end: int = -1
    """One past the last byte."""

    detail: str = ""
    """Opcode, key, line: whatever narrows it further."""


class Finding(Value, frozen=True, kw_only=True, tag_field="kind", tag="finding"):
    """What a check found. Silence is not safety: the other outcome is `Skipped`."""

    rule: str
    """Rule id, e.g. `pickle/denied-callable`; has a page in the docs."""

    severity: Severity
    confidence: Literal["certain", "likely", "possible"]
    place: Place
    message: str
    """What was found, in one sentence, with the offending name in it."""
