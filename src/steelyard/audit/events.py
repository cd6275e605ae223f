"""What an audit tells whoever watches it, as it happens."""

from collections.abc import Callable
from dataclasses import dataclass

from steelyard.evidence.predicates.audit import GateState
from steelyard.evidence.value import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInfo:
    """A gate, as a watcher needs it."""

    key: int
    """Position in the run's list of gates."""

    metric: str
    op: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Before the first call."""

    model: str
    commitment: str
    probes: tuple[str, ...]
    gates: tuple[GateInfo, ...]
    calls: int
    """Budget in calls, 0 for none."""

    resumed: int
    """Cases already in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A case entered the statistics."""

    probe: str
    n: int
    calls: int
    """Counted so far, over all probes."""

    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateMoved:
    """A gate's interval narrowed; sent ever more rarely as n grows."""

    gate: GateInfo
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecided:
    """A gate needs no more cases."""

    gate: GateInfo
    estimate: Estimate
    state: GateState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDone:
    """A probe needs no more cases."""

    probe: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The measured part is over."""

    why: str
    calls: int
    surplus: int
    """Cases asked in advance and not counted."""


Event = Started | Counted | GateMoved | GateDecided | ProbeDone | Stopped
Observer = Callable[[Event], None]


def silent(event: Event) -> None:
    """Watch nothing."""
