"""A GGUF file, served on this machine by llama.cpp in a child process.

`xllamacpp` (extra `local`) carries llama.cpp as a wheel; its server speaks the OpenAI
protocol on loopback, behind a random key, so the rest is `audit.targets.openai`.
"""

import asyncio
import json
import math
import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from steelyard.audit.probe import Need
from steelyard.audit.targets import gguf_keys
from steelyard.audit.targets.child import Child
from steelyard.audit.targets.openai import Connection, OpenAI
from steelyard.audit.targets.served import Served
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates import audit as predicate

CONTEXT = 4096
"""Tokens a slot holds at most: prompt and answer."""

LOADING = 600.0
"""Seconds to load a model, at most."""


SMALL = 1 << 30
"""Bytes of a file that is served several times."""

MOST_COPIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve a file."""

    slots: int = 4
    """Conversations at once."""

    threads: int = 1
    """Computing threads. llama.cpp's workers spin while they wait: on two contended cores two
    threads were 25 times slower than one."""

    timeout: float = 300.0
    """Seconds for one call."""

    needs: frozenset[Need] = frozenset()


def servings(size: int, concurrency: int, needs: frozenset[Need]) -> list[Serving]:
    """How to serve a file of `size` bytes on this machine: one entry a copy.

    A small model is served once a core, with one thread each; a large one once, with half of
    the cores, because every copy needs its own memory for what it is thinking of.

    Args:
        size: Of the file, bytes.
        concurrency: Requests in flight, shared out; 0 for two a copy, or four in all.
        needs: What the chosen probes want.
    """
    cores = len(os.sched_getaffinity(0))
    copies = min(cores, MOST_COPIES) if size <= SMALL else 1
    copies = min(copies, concurrency or copies)
    threads = 1 if copies > 1 else max(1, cores // 2)
    slots = math.ceil((concurrency or max(4, 2 * copies)) / copies)
    return [Serving(slots=slots, threads=threads, needs=needs)] * copies


class Llama(Served):
    """llama.cpp in a child process."""

    engine = "llama.cpp"

    def __init__(self, path: Path, record: predicate.Target, serving: Serving) -> None:
        """Nothing is started before the context is entered."""
        super().__init__(record)
        self.at_once = serving.slots
        self._path = path
        self._serving = serving

    async def _launch(self, key: str, port: int) -> Child:
        if find_spec("xllamacpp") is None:
            raise UnavailableError(
                "running a GGUF file here needs llama.cpp: pip install 'steelyard[local]'"
            )
        self.components = {"xllamacpp": version("xllamacpp")}
        self._facts = gguf_keys.read(self._path)
        wanted = {
            "model": str(self._path),
            "name": self._path.stem,
            "port": port,
            "key": key,
            "slots": self._serving.slots,
            "context": min(self._facts.context or CONTEXT, CONTEXT),
            "threads": self._serving.threads,
            "cache": True,
        }
        command = (sys.executable, "-m", "steelyard.audit.targets.llama_child")
        return await Child.start(command, json.dumps(wanted).encode() + b"\n")

    async def _connect(self, child: Child, key: str, port: int) -> OpenAI:
        output = child.process.stdout
        try:
            said = await asyncio.wait_for(output.readline(), LOADING) if output else b""
        except TimeoutError:
            said = b""
        if not said:
            await asyncio.wait({asyncio.create_task(child.process.wait())}, timeout=2)
            raise UnavailableError(f"llama.cpp cannot load {self._path}: {child.last_words()}")
        return OpenAI(self._connection(self._facts, key, port), self._named(self._facts))

    def _connection(self, facts: gguf_keys.Facts, key: str, port: int) -> Connection:
        return Connection(
            url=f"http://127.0.0.1:{port}/v1",
            model=self._path.stem,
            key=key,
            concurrency=self._serving.slots,
            timeout=self._serving.timeout,
            offline=True,
            chat=facts.has_chat_template,
            needs=self._serving.needs,
        )

    def _named(self, facts: gguf_keys.Facts) -> predicate.Target:
        notes = list(self.record.notes)
        if facts.name and facts.name != self._path.stem:
            notes.append(f"{self._path.name} calls itself {facts.name!r}")
        if not facts.has_chat_template:
            notes.append(
                "the file has no chat template: a base model, asked as a written conversation"
            )
        return predicate.Target(
            reference=self.record.reference,
            kind="llama",
            model=self._path.stem,
            unpinned=self.record.unpinned,
            chat=self.record.chat,
            notes=tuple(notes),
        )
