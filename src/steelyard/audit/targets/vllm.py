"""A Hugging Face folder, served on this machine by vLLM in a child process.

vLLM is not one of our extras: it brings its own torch and wants an accelerator. Where it is
installed it is used; where it isn't, the error says what to do instead.
"""

import asyncio
import json
import secrets
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from steelyard.audit.probe import Need, Reply, Request
from steelyard.audit.target import Target
from steelyard.audit.targets.child import Child, free_port
from steelyard.audit.targets.openai import OK, Connection, OpenAI
from steelyard.errors import TargetLostError, UnavailableError
from steelyard.evidence.predicates import audit as predicate

LOADING = 1800.0
"""Seconds to load a model, at most."""

NAME = "model"


class VLLM(Target):
    """`vllm serve` in a child process."""

    at_once = 64

    def __init__(self, folder: Path, record: predicate.Target, needs: frozenset[Need]) -> None:
        """Nothing is started before the context is entered."""
        self.record = record
        self._folder = folder
        self._needs = needs
        self._child: Child | None = None
        self._endpoint: OpenAI | None = None

    async def __aenter__(self) -> Self:
        """Load the model and find out what it can do.

        Raises:
            UnavailableError: vLLM isn't installed, or it can't load the folder.
        """
        program = shutil.which("vllm")
        if program is None:
            raise UnavailableError(
                f"{self._folder} holds safetensors, which vLLM can serve, and vLLM is not "
                "installed. Install it (pip install vllm), or convert the folder with "
                "llama.cpp's convert_hf_to_gguf.py and weigh the GGUF file"
            )
        key, port = secrets.token_urlsafe(24), free_port()
        command = (sys.executable, "-m", "steelyard.audit.targets.tethered", program, "serve",
                   str(self._folder), "--host", "127.0.0.1", "--port", str(port),
                   "--served-model-name", NAME)  # fmt: skip
        try:
            self._child = await Child.start(command, extra={"VLLM_API_KEY": key}, quiet=True)
            await self._wait_until_ready(port)
            self._endpoint = OpenAI(self._connection(key, port), self._named())
            await self._endpoint.__aenter__()
        except BaseException:
            if self._child is not None:
                await self._child.stop()
            raise
        self.record, self.offers = self._endpoint.record, self._endpoint.offers
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the child."""
        if self._endpoint is not None:
            await self._endpoint.__aexit__(kind, error, trace)
        if self._child is not None:
            await self._child.stop()

    async def ask(self, request: Request) -> Reply:
        """The model's answer."""
        if self._endpoint is None or self._child is None:
            raise RuntimeError("ask before entering the target")
        try:
            return await self._endpoint.ask(request)
        except UnavailableError as error:
            if self._child.dead:
                raise TargetLostError(f"vLLM died: {self._child.last_words()}") from error
            raise

    async def _wait_until_ready(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LOADING
        async with aiohttp.ClientSession() as session:
            while self._child is not None and not self._child.dead and loop.time() < until:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/health") as response:
                        if response.status == OK:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)
        why = self._child.last_words() if self._child is not None else ""
        raise UnavailableError(f"vLLM cannot serve {self._folder}: {why or 'it never got ready'}")

    def _connection(self, key: str, port: int) -> Connection:
        return Connection(
            url=f"http://127.0.0.1:{port}/v1",
            model=NAME,
            key=key,
            concurrency=self.at_once,
            offline=True,
            chat=has_chat_template(self._folder),
            needs=self._needs,
        )

    def _named(self) -> predicate.Target:
        return predicate.Target(
            reference=self.record.reference,
            kind="vllm",
            model=self.record.model or self._folder.name,
            unpinned=self.record.unpinned,
            chat=self.record.chat,
            notes=self.record.notes,
        )


def has_chat_template(folder: Path) -> bool:
    """Whether a Hugging Face folder says how to talk to its model.

    Source: transformers' `PreTrainedTokenizerBase`: a key of tokenizer_config.json, or a
    file of its own since 4.50.
    """
    if (folder / "chat_template.jinja").exists() or (folder / "chat_template.json").exists():
        return True
    try:
        return "chat_template" in json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return False
