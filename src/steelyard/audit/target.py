"""The one seam to a model: it answers a request."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from steelyard.audit.probe import Need, Reply, Request
from steelyard.evidence.predicates import audit as predicate


class Target(ABC):
    """A model being asked; an asynchronous context manager that owns its connection."""

    record: predicate.Target
    """How the statement names it; complete once entered."""

    offers: frozenset[Need] = frozenset()
    """What it can do beyond answering in text; found out by trying, once entered."""

    components: Mapping[str, str] = MappingProxyType({})
    """Version of whatever else decides the answers, e.g. `xllamacpp`."""

    at_once: int = 16
    """Requests in flight when the person did not say."""

    async def __aenter__(self) -> Self:
        """Connect, start, probe what it can do (chat, log-probabilities, prefill)."""
        return self

    async def __aexit__(  # noqa: B027 (most targets hold nothing)
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release everything."""

    @abstractmethod
    async def ask(self, request: Request) -> Reply:
        """The model's answer; retries, rate limits and time-outs are the target's business.

        Raises:
            UnavailableError: no answer after the retries, or one that cannot be read.
            TargetLostError: no later call can succeed either (key refused, process died).
        """
