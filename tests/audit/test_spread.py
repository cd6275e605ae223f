import asyncio
from types import TracebackType
from typing import Self

import pytest

from steelyard.audit.probe import Message, Reply, Request
from steelyard.audit.target import Target
from steelyard.audit.targets.llama import SMALL, servings
from steelyard.audit.targets.spread import Spread
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates import audit as predicate

ASK = Request(messages=(Message("user", "?"),))


class Copy(Target):
    """A target whose answers wait until they are let go."""

    def __init__(self, name: str, *, broken: bool = False) -> None:
        self.record = predicate.Target(
            reference=name, kind="copy", model=name, unpinned=True, chat="model"
        )
        self.at_once = 2
        self.broken = broken
        self.entered = self.left = False
        self.asked = 0
        self.go = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self.broken:
            raise UnavailableError("no memory")
        self.entered = True
        self.offers = frozenset({"logprobs"})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.left = True

    async def ask(self, request: Request) -> Reply:
        self.asked += 1
        await self.go.wait()
        return Reply(text=request.messages[0].content)


def test_each_request_goes_to_the_copy_with_the_least_to_do() -> None:
    async def run() -> list[int]:
        copies = [Copy("a"), Copy("b"), Copy("c")]
        async with Spread(copies) as target:
            assert target.at_once == 6
            assert target.offers == {"logprobs"}
            waiting = [asyncio.create_task(target.ask(ASK)) for _ in range(6)]
            await asyncio.sleep(0)
            for copy in copies:
                copy.go.set()
            assert {reply.text for reply in await asyncio.gather(*waiting)} == {"?"}
        assert all(copy.left for copy in copies)
        return [copy.asked for copy in copies]

    assert asyncio.run(run()) == [2, 2, 2]


def test_if_one_copy_cannot_start_the_others_are_stopped() -> None:
    async def run() -> list[Copy]:
        copies = [Copy("a"), Copy("b", broken=True)]
        with pytest.raises(UnavailableError, match="no memory"):
            async with Spread(copies):
                pass
        return copies

    first, second = asyncio.run(run())
    assert first.left
    assert not second.entered


def test_a_small_model_is_served_once_a_core_and_a_large_one_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    small = servings(1000, 0, frozenset())
    assert [(one.threads, one.slots) for one in small] == [(1, 2)] * 4
    large = servings(SMALL + 1, 0, frozenset())
    assert [(one.threads, one.slots) for one in large] == [(2, 4)]
    assert [one.slots for one in servings(1000, 1, frozenset())] == [1]
    assert sum(one.slots for one in servings(1000, 6, frozenset())) >= 6
