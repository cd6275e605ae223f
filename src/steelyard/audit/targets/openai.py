"""A model behind any OpenAI-compatible endpoint: `https://host/v1#model`.

What the endpoint can do is found out by asking, never assumed from its name: chat or plain
completions, log-probabilities, the continuation of a prefill. The key comes from the
environment and is never logged, recorded or shown.
"""

import asyncio
import ipaddress
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from steelyard.audit.probe import Message, Need, Reply, Request
from steelyard.audit.target import Target
from steelyard.audit.targets import wire
from steelyard.audit.targets.patience import PASSING, Patience, asked_for
from steelyard.errors import InputError, OfflineError, TargetLostError, UnavailableError
from steelyard.evidence.predicates import audit as predicate

ROUTES = ("chat/completions", "completions")
MOST_BYTES = 2 << 20
"""Of one answer. Twenty alternatives for each of 512 tokens are about 1 MiB."""

OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 401, 403, 404, 429
_HELLO = Request(messages=(Message("user", "Say hello."),), max_tokens=1)
_SYSTEM = Request(messages=(Message("system", "Be brief."), *_HELLO.messages), max_tokens=1)
_LOGPROBS = Request(messages=_HELLO.messages, max_tokens=1, top_logprobs=5)
_PREFILL = Request(
    messages=(Message("user", "Repeat exactly this line: The secret animal is a hippopotamus."),),
    prefill="The secret animal is a hippo",
    max_tokens=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach and treat an endpoint."""

    url: str
    """Base, e.g. `https://host/v1`, without the model."""

    model: str
    key: str = field(default="", repr=False)
    key_name: str = "STEELYARD_API_KEY"
    """Environment variable that a person would set it in."""

    concurrency: int = 16
    timeout: float = 120.0
    """Seconds for one attempt."""

    offline: bool = False
    chat: bool = True
    """False: known to be a base model; don't try its chat route."""

    patience: Patience = field(default_factory=Patience)
    needs: frozenset[Need] = frozenset()
    """What the chosen probes want; nothing else is tried at the start."""


class OpenAI(Target):
    """The protocol's client. One session, kept alive."""

    def __init__(self, connection: Connection, record: predicate.Target) -> None:
        """Nothing is sent before the context is entered.

        Raises:
            InputError: the address isn't an http(s) URL.
            OfflineError: it leaves this machine, and that was forbidden.
        """
        _check(connection)
        self.record = record
        self.offers: frozenset[Need] = frozenset()
        self.at_once = connection.concurrency
        self._connection = connection
        self._chat = connection.chat
        self._continues = False
        self._model = connection.model
        self._paused_until = 0.0
        self._urls = {route: URL(f"{connection.url}/{route}") for route in ROUTES}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Connect, and find out what the endpoint can do."""
        connection = self._connection
        headers = {"Content-Type": "application/json"}
        if connection.key:
            headers["Authorization"] = f"Bearer {connection.key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=connection.timeout, sock_connect=20),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            await self._explore()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, request: Request) -> Reply:
        """The answer, after as many attempts as patience allows."""
        patience, why = self._connection.patience, ""
        route, body = self._write(request)
        for attempt in range(patience.attempts):
            pause = self._paused_until - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            try:
                status, data, after = await self._post(route, body)
            except (aiohttp.ClientError, OSError) as error:
                why, wait = self._why(error), patience.wait(attempt)
            else:
                if status == OK:
                    return wire.reply(data, request.prefill)
                why, wait = self._refused(status, data), max(after, patience.wait(attempt))
                if status not in PASSING or after > patience.longest_asked:
                    break
                if status == TOO_MANY:
                    self._paused_until = max(self._paused_until, time.monotonic() + wait)
            if attempt + 1 < patience.attempts:
                await asyncio.sleep(wait)
        raise UnavailableError(why)

    def _write(self, request: Request) -> tuple[str, bytes]:
        if self._chat:
            return "chat/completions", wire.chat(self._model, request, continues=self._continues)
        return "completions", wire.plain(self._model, request)

    async def _post(self, route: str, body: bytes) -> tuple[int, bytes, float]:
        if self._session is None:
            raise RuntimeError("ask before entering the target")
        async with self._session.post(
            self._urls[route], data=body, allow_redirects=False
        ) as response:
            data = await self._bounded(response)
            after = asked_for(response.headers.get("Retry-After"))
            return response.status, data, after

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if (
            length is not None
            and length <= MOST_BYTES
            and "Content-Encoding" not in response.headers
        ):
            return await response.read()
        parts, size = [], 0
        async for part in response.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                response.close()
                raise UnavailableError(f"the answer is larger than {MOST_BYTES >> 20} MiB; cut off")
        return b"".join(parts)

    def _refused(self, status: int, data: bytes) -> str:
        said = self._hide(" ".join(data[:300].decode("utf-8", "replace").split()))[:160]
        connection, where = self._connection, self._connection.url
        if status in (UNAUTHORISED, FORBIDDEN):
            hint = f"set {connection.key_name}" if not connection.key else "check the key"
            raise TargetLostError(f"{where} refused the key (HTTP {status}); {hint}")
        return f"{where} answered HTTP {status}" + (f": {said}" if said else "")

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"{self._connection.url}: no answer within {self._connection.timeout:g} s"
        return f"{self._connection.url}: {self._hide(str(error)) or type(error).__name__}"

    def _hide(self, text: str) -> str:
        key = self._connection.key
        return text.replace(key, "[key]") if key else text

    async def _explore(self) -> None:
        if self._chat:
            await self._find_route()
        else:
            await self._try(_HELLO, must=True)
        offers: set[Need] = set() if self._chat else {"prefill", "system"}
        needs = self._connection.needs
        if "logprobs" in needs:
            found = await self._try(_LOGPROBS)
            if found is not None and found.first:
                offers.add("logprobs")
        if self._chat and "system" in needs and await self._try(_SYSTEM) is not None:
            offers.add("system")
        if self._chat and "prefill" in needs and await self._continues_prefill():
            offers.add("prefill")
        self.offers = frozenset(offers)
        self.record = predicate.Target(
            reference=self.record.reference,
            kind=self.record.kind,
            model=self.record.model or self._model,
            unpinned=self.record.unpinned,
            chat="model" if self._chat else "none",
            notes=self.record.notes,
        )

    async def _find_route(self) -> None:
        """Chat if the endpoint has it, else plain completions; fails at once when down."""
        status, data = await self._once(_HELLO)
        if status == OK:
            wire.reply(data)
            return
        refusal = self._refused(status, data)
        if status in PASSING:
            await self._try(_HELLO, must=True)
            return
        self._chat = False
        status, data = await self._once(_HELLO)
        if status != OK:
            self._refused(status, data)
            raise UnavailableError(refusal)
        wire.reply(data)

    async def _once(self, request: Request) -> tuple[int, bytes]:
        route, body = self._write(request)
        try:
            status, data, _ = await self._post(route, body)
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError(self._why(error)) from error
        return status, data

    async def _try(self, request: Request, *, must: bool = False) -> Reply | None:
        try:
            return await self.ask(request)
        except TargetLostError:
            raise
        except UnavailableError:
            if must:
                raise
            return None

    async def _continues_prefill(self) -> bool:
        """Whether an opened answer is continued, with or without vLLM's extra fields."""
        for continues in (False, True):
            self._continues = continues
            status, data = await self._once(_PREFILL)
            if status == OK and _went_on(wire.reply(data)):
                return True
        self._continues = False
        return False


def _went_on(raw: Reply) -> bool:
    """Whether the answer to `_PREFILL` goes on from the opening instead of starting anew.

    Some servers (llama.cpp) repeat the opening: no three tokens could have written it. Others
    give the rest alone, which has to be the animal's.
    """
    return raw.text.startswith(_PREFILL.prefill) or raw.text.lower().startswith("pot")


def _check(connection: Connection) -> None:
    parts = urlsplit(connection.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{connection.url!r} is not an address like https://host/v1#model")
    if connection.offline and not is_loopback(parts.hostname):
        raise OfflineError(f"{parts.hostname} is not this machine, and --offline was asked for")


def is_loopback(host: str) -> bool:
    """Whether `host` is certainly this machine, judged without asking a name server.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("example.org")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
