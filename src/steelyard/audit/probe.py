"""What a probe is: what to ask, and what an answer means.

A probe draws *cases* from the seed and scores the answers. It never calls a model and
never counts: `audit.runner` asks, `measure` counts. A case is one independent draw; when
it asks several things (a question and its perturbed twins), they form one cluster and
yield one outcome a measure (DESIGN, decision 1).

To add a probe: write a module in `audit/probes/<dimension>/`, name its class in
`pyproject.toml` under `[project.entry-points."steelyard.probes"]`, run `make setup`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from steelyard.evidence.value import Access, Dimension, Estimate, Layer, Skipped
from steelyard.measure.error import ErrorCounts

Role = Literal["system", "user", "assistant"]
Need = Literal["logprobs", "prefill", "system", "judge"]
"""What a probe may ask of a target beyond an answer in text."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. Greedy and short unless a probe says otherwise."""

    messages: tuple[Message, ...]
    max_tokens: int = 64
    temperature: float = 0.0
    top_logprobs: int = 0
    """Alternatives wanted for the first token; 0 for none. Endpoints cap it (often 20)."""

    prefill: str = ""
    """Opening words put into the assistant's mouth."""

    stop: tuple[str, ...] = ()

    seed: int = 0
    """For sampling at a temperature above zero; the engine sets it from the audit's seed, so
    that an endpoint which honours it repeats itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    text: str
    """Without the prefill. Possibly empty."""

    finish: str = "stop"
    """`stop`, `length`, `content_filter`, …, as the endpoint says."""

    first: tuple[tuple[str, float], ...] = ()
    """First token's alternatives: (token text, natural log-probability), best first."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One independent draw: what to ask, and what is needed to judge the answers."""

    requests: tuple[Request, ...]
    """Asked independently of each other, in any order; replies come back in this order."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able. Expected answer, planted secret, category, level …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one case came to."""

    values: Mapping[str, float]
    """Measure name → value: 0 or 1 for a `rate`, 0 to 1 for a `mean`, -1 to 1 for a
    `difference`. A measure left out has no outcome in this case (not: zero)."""

    group: str = ""
    """Breakdown key: category, level, attack family."""

    shown: int = 0
    """Index of the reply that a reader should see."""

    note: str = ""
    """Why, in a few words, for the examples in the report."""


ScorerError = ErrorCounts
"""A scorer's measured error against people's labels; `measure` carries it into intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure that a probe yields."""

    name: str
    """Metric is `<probe id>.<name>`."""

    kind: Literal["rate", "mean", "difference"]
    """rate: 0/1 → mixture e-process; mean: bounded 0 to 1 → betting; difference: -1 to 1
    → betting on (x+1)/2."""

    better: Literal["lower", "higher", "neither"]
    title: str
    """For the report, e.g. `Attacks that worked`."""

    error: ScorerError | None = None
    """None: the scorer is deterministic and exact by construction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """A figure over all cases that is no mean of theirs, e.g. a calibration error.

    Its interval holds at the n at which it was made, so no gate can rest on it.
    """

    name: str
    better: Literal["lower", "higher", "neither"]
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a probe declares about itself."""

    id: str
    """`<dimension>.<name>`; the entry-point name."""

    version: int
    """Raise it whenever the same seed would give other cases or other scores."""

    title: str
    dimension: Dimension
    layer: Layer = "model"
    access: Access = "endpoint"
    owasp: tuple[str, ...] = ()
    """2026 ids, e.g. `owasp-llm:2026:LLM01`; the 2025 crosswalk is in `evidence.owasp`."""

    hit: str
    """What counts as a hit, one sentence."""

    estimand: str
    """What the main figure estimates, one sentence."""

    source: str
    """Paper, equation, specification; where we differ."""

    measures: tuple[Measure, ...]
    """The first is the main one."""

    aggregates: tuple[Aggregate, ...] = ()
    """What `Probe.aggregate` yields; shown beside the measures."""

    size: int = 0
    """Items of a finite set, drawn without replacement; 0 for a generator without end."""

    calls: int = 1
    """Calls a case makes (at most)."""

    needs: frozenset[Need] = frozenset()
    mask: Literal["none", "harmful", "personal"] = "none"
    """How examples must be shown."""


class Probe(ABC):
    """A seam of two methods; the others have defaults. Instances hold no state."""

    card: Card

    @abstractmethod
    def draw(self, rng: Random, index: int) -> Case:
        """Case `index`, from `rng` alone (for a finite set: item `index` of it)."""

    @abstractmethod
    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:
        """What the answers mean; pure, so that a journal can be scored again.

        `replies` are those to `case.requests`, then those to `follow_up`, then the judge's
        to `ask_judge`.
        """

    def follow_up(self, case: Case, replies: Sequence[Reply]) -> tuple[Request, ...]:  # noqa: ARG002
        """Second turn, if what to ask next depends on the answers; none by default."""
        return ()

    def ask_judge(self, case: Case, replies: Sequence[Reply]) -> tuple[Request, ...]:  # noqa: ARG002
        """What to ask the judge about these answers; only for a probe that needs `judge`."""
        return ()

    def aggregate(
        self,
        outcomes: Sequence[Outcome],  # noqa: ARG002
        confidence: float,  # noqa: ARG002
    ) -> Mapping[str, Estimate | Skipped]:
        """Figures over all counted cases, by name in `card.aggregates`; none by default."""
        return {}
