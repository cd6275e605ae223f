"""What is claimed of a figure."""

from dataclasses import dataclass
from typing import Literal

from steelyard.errors import InputError

Kind = Literal["rate", "mean", "difference"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`the figure is <= threshold` or `>= threshold`; the equality belongs to the claim."""

    op: Literal["<=", ">="]
    threshold: float
    """In the figure's unit: a fraction 0 to 1, or points -1 to 1 for a difference."""

    def check(self, kind: Kind) -> None:
        """Refuse a threshold that no number of draws can decide.

        Raises:
            InputError: the threshold is at or beyond an end of the figure's range.
        """
        low, high = (-1.0, 1.0) if kind == "difference" else (0.0, 1.0)
        if low < self.threshold < high:
            return
        raise InputError(
            f"threshold {self.threshold:g} for a {kind}: must lie strictly between "
            f"{low:g} and {high:g}. Sampling cannot prove that something never or always "
            f"happens; claim a small rate instead, such as `<= 0.01`"
        )
