"""One model, served several times: small models use every core without threads that wait.

llama.cpp's threads meet at every layer and spin until all are there, so on a busy machine two
threads can be slower than one. Two servers with one thread each never wait for each other.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from steelyard.audit.probe import Reply, Request
from steelyard.audit.target import Target


class Spread(Target):
    """Copies of one model; each request goes to the one with the least to do.

    The copies must answer alike: the same weights, the same software, greedy or seeded.
    """

    def __init__(self, copies: Sequence[Target]) -> None:
        """At least one copy, not yet entered."""
        self._copies = copies
        self._busy = [0] * len(copies)
        self._entered = AsyncExitStack()
        self.record = copies[0].record
        self.at_once = sum(copy.at_once for copy in copies)

    async def __aenter__(self) -> Self:
        """Start them all at once."""
        starting = [self._entered.enter_async_context(copy) for copy in self._copies]
        outcomes = await asyncio.gather(*starting, return_exceptions=True)
        failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failed:
            await self._entered.aclose()
            raise failed[0]
        first = self._copies[0]
        self.record, self.components = first.record, first.components
        self.offers = frozenset.intersection(*(copy.offers for copy in self._copies))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop them all."""
        await self._entered.aclose()

    async def ask(self, request: Request) -> Reply:
        """The least busy copy's answer."""
        number = self._busy.index(min(self._busy))
        self._busy[number] += 1
        try:
            return await self._copies[number].ask(request)
        finally:
            self._busy[number] -= 1
