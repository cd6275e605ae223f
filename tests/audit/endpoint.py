"""A real OpenAI-compatible endpoint on loopback, as well or badly behaved as a test wants."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Reaction = Callable[[web.Request, dict[str, Any], int], web.StreamResponse | None]
"""(request, body, count) → an answer of its own, or None to behave."""


def fraction(text: str) -> float:
    """A number in [0, 1) that the text decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


@dataclass
class Behaviour:
    """How the endpoint answers; the prompt alone decides the text."""

    rate: float = 0.5
    """Of `heads`."""

    latency: Callable[[str], float] = lambda _: 0.0
    """Prompt → seconds."""

    react: Reaction = lambda *_: None
    chat: bool = True
    asked: list[str] = field(default_factory=list)
    salt: str = ""
    most_at_once: int = 0


def answer(text: str) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 2},
    }


class Endpoint:
    """One running server."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.count = 0
        self.now = 0
        self.port = 0

    @property
    def reference(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1#coin"

    @property
    def tosses(self) -> list[str]:
        """Prompts asked, without the hello that finds out what an endpoint can do."""
        return [prompt for prompt in self.behaviour.asked if "Toss" in prompt]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.count += 1
        self.now += 1
        self.behaviour.most_at_once = max(self.behaviour.most_at_once, self.now)
        try:
            return await self.reply(request, body)
        finally:
            self.now -= 1

    async def reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        own = self.behaviour.react(request, body, self.count)
        if own is not None:
            return own
        if self.behaviour.chat != request.path.endswith("chat/completions"):
            return web.json_response({"error": {"message": "no such route"}}, status=404)
        prompt = body["messages"][-1]["content"] if self.behaviour.chat else body["prompt"]
        self.behaviour.asked.append(prompt)
        pause = self.behaviour.latency(prompt)
        if pause:
            await asyncio.sleep(pause)
        side = "heads" if fraction(self.behaviour.salt + prompt) < self.behaviour.rate else "tails"
        found = answer(side)
        if not self.behaviour.chat:
            found = {"choices": [{"text": f" {side}\n", "finish_reason": "stop"}]}
        return web.Response(body=json.dumps(found), content_type="application/json")


@contextmanager
def serve(behaviour: Behaviour | None = None) -> Iterator[Endpoint]:
    """The endpoint, in a thread of its own."""
    endpoint = Endpoint(behaviour or Behaviour())
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def go() -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/{tail:.*}", endpoint.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        endpoint.port = runner.addresses[0][1]
        ready.set()
        await stop.wait()
        await runner.cleanup()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(go()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield endpoint
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
