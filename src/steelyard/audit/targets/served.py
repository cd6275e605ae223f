"""A model served by a child process of ours: started, asked over loopback, stopped."""

import secrets
from abc import abstractmethod
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from steelyard.audit.probe import Reply, Request
from steelyard.audit.target import Target
from steelyard.audit.targets.child import Child, free_port
from steelyard.audit.targets.openai import OpenAI
from steelyard.errors import TargetLostError, UnavailableError
from steelyard.evidence.predicates import audit as predicate


class Served(Target):
    """The life of a served model; what is served, and how, is for the subclass to say."""

    engine: str
    """For error messages, e.g. `llama.cpp`."""

    def __init__(self, record: predicate.Target) -> None:
        """Nothing is started before the context is entered."""
        self.record = record
        self._running = AsyncExitStack()
        self._child: Child | None = None
        self._endpoint: OpenAI | None = None

    @abstractmethod
    async def _launch(self, key: str, port: int) -> Child:
        """Start the server on loopback, to be asked with `key`; it need not be ready.

        Raises:
            UnavailableError: the engine isn't installed, or can't read the model.
        """

    @abstractmethod
    async def _connect(self, child: Child, key: str, port: int) -> OpenAI:
        """Its client, not yet entered, once the server is ready.

        Raises:
            UnavailableError: it can't load the model, or never got ready.
        """

    async def __aenter__(self) -> Self:
        """Load the model and find out what it can do.

        Raises:
            UnavailableError: the engine isn't installed, or it can't load the model.
        """
        key, port = secrets.token_urlsafe(24), free_port()
        try:
            self._child = await self._launch(key, port)
            self._running.push_async_callback(self._child.stop)
            endpoint = await self._connect(self._child, key, port)
            self._endpoint = await self._running.enter_async_context(endpoint)
        except BaseException:
            await self._running.aclose()
            raise
        self.record, self.offers = self._endpoint.record, self._endpoint.offers
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection, then stop the child."""
        await self._running.aclose()

    async def ask(self, request: Request) -> Reply:
        """The model's answer."""
        if self._endpoint is None or self._child is None:
            raise RuntimeError("ask before entering the target")
        try:
            return await self._endpoint.ask(request)
        except UnavailableError as error:
            if self._child.dead:
                raise TargetLostError(
                    f"{self.engine} died while it ran {self.record.model}: "
                    f"{self._child.last_words()}"
                ) from error
            raise
