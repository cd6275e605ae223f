"""When to ask again, and how long to wait before."""

import math
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import SystemRandom

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may be gone in a moment. 529: overloaded, as some vendors say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Exponential back-off with full jitter.

    Source: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
    """

    attempts: int = 5
    base: float = 0.5
    """Seconds; the longest first wait."""

    most: float = 30.0
    """Seconds; no jittered wait is longer."""

    longest_asked: float = 120.0
    """Seconds; an endpoint that asks for more with `Retry-After` is given up on."""

    def wait(self, attempt: int) -> float:
        """Seconds before attempt `attempt` + 1, from 0."""
        ceiling = min(self.most, self.base * 2.0**attempt)
        return SystemRandom().uniform(ceiling / 2, ceiling)


def asked_for(header: str | None) -> float:
    """Seconds that a `Retry-After` header asks for (RFC 9110 §10.2.3); 0 when unreadable.

    >>> asked_for("7"), asked_for(None), asked_for("soon")
    (7.0, 0.0, 0.0)
    """
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError):
            return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
