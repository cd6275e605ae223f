"""What one audit is asked to do: one frozen value, passed whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from steelyard.errors import InputError

LONGEST = 86_400.0
"""Seconds that one attempt may take at most."""

LOCAL_CALLS = 500
"""Default budget for a model run on this machine: two minutes at four short calls a second."""

ENDPOINT_CALLS = 2000
"""Default budget for an endpoint: decides 96 % of models at 3 % against a threshold of 5 %
(exact dynamic program over the mixture e-process)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When to stop asking. 0 means: no limit of that kind."""

    calls: int = 0
    """Counted calls. Deterministic: the same seed stops at the same case."""

    tokens: int = 0
    """Prompt and completion tokens of counted calls, as the endpoint reports them.
    Deterministic as far as the endpoint is; the case that crosses the line is counted."""

    seconds: float = 0.0
    """Wall clock. Honest but not repeatable: a faster machine counts more cases."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `calls=2000,tokens=500000,seconds=120`; parts may be left out.

        Raises:
            InputError: an unknown name, a number that is not positive, a name twice.

        >>> Budget.parse("calls=10,seconds=2.5")
        Budget(calls=10, tokens=0, seconds=2.5)
        """
        found: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = part.partition("=")
            if name not in ("calls", "tokens", "seconds") or name in found:
                raise InputError(
                    f"budget {text!r}: {part!r} is not one of calls=N, tokens=N, seconds=S"
                )
            try:
                found[name] = float(number) if name == "seconds" else int(number)
            except ValueError:
                found[name] = 0
            if not 0 < found[name] < 1e15:  # noqa: PLR2004 (NaN, infinity and nonsense)
                raise InputError(f"budget {text!r}: {name} must be a positive number")
        if not found:
            raise InputError(f"budget {text!r} limits nothing; try calls={ENDPOINT_CALLS}")
        return cls(
            calls=int(found.get("calls", 0)),
            tokens=int(found.get("tokens", 0)),
            seconds=found.get("seconds", 0.0),
        )

    def __str__(self) -> str:
        """The text that `parse` reads."""
        named = (("calls", self.calls), ("tokens", self.tokens), ("seconds", self.seconds))
        return ",".join(
            f"{name}={number:g}" if name == "seconds" else f"{name}={number}"
            for name, number in named
            if number
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Everything that decides what an audit does."""

    reference: str = ""
    """What to weigh: a path, `pypi:…`, `hf:…`, `https://host/v1#model`; empty for the
    embedded model."""

    probes: tuple[str, ...] = ()
    """Globs over probe ids; empty for every probe but the self-tests."""

    seed: str = ""
    """Empty for a random one."""

    budget: Budget | None = None
    """None: `LOCAL_CALLS` on this machine, `ENDPOINT_CALLS` for an endpoint."""

    concurrency: int = 0
    """Requests in flight. 0: 16 for an endpoint, as many as there are slots on this machine."""

    cases_without_gate: int = 40
    """Cases for a probe that no gate of the policy asks about."""

    confidence: float = 0.95
    """Coverage of every interval that is shown."""

    out: Path | None = None
    """Folder of the journal and the results; None keeps nothing."""

    judge: str = ""
    """Another model, `URL#model`, for probes that need one."""

    offline: bool = False
    """Refuse every connection that leaves this machine."""

    timeout: float = 120.0
    """Seconds for one attempt at one call."""

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            InputError: which one, and what would do.
        """
        if self.concurrency < 0 or self.concurrency > 4096:  # noqa: PLR2004 (sockets)
            raise InputError(f"concurrency {self.concurrency}: give a number from 1 to 4096")
        if self.cases_without_gate < 1:
            raise InputError("cases without a gate must be at least 1")
        if not 0 < self.timeout <= LONGEST:
            raise InputError(f"time-out {self.timeout}: give seconds, up to {LONGEST:.0f} (a day)")
