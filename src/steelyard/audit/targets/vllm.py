"""A Hugging Face folder, served on this machine by vLLM in a child process.

vLLM is not one of our extras: it brings its own torch and wants an accelerator. Where it is
installed it is used; where it isn't, the error says what to do instead.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import aiohttp

from steelyard.audit.probe import Need
from steelyard.audit.targets.child import Child
from steelyard.audit.targets.openai import OK, Connection, OpenAI
from steelyard.audit.targets.served import Served
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates import audit as predicate

LOADING = 1800.0
"""Seconds to load a model, at most."""

NAME = "model"


class VLLM(Served):
    """`vllm serve` in a child process."""

    engine = "vLLM"
    at_once = 64

    def __init__(self, folder: Path, record: predicate.Target, needs: frozenset[Need]) -> None:
        """Nothing is started before the context is entered."""
        super().__init__(record)
        self._folder = folder
        self._needs = needs

    async def _launch(self, key: str, port: int) -> Child:
        program = shutil.which("vllm")
        if program is None:
            raise UnavailableError(
                f"{self._folder} holds safetensors, which vLLM can serve, and vLLM is not "
                "installed. Install it (pip install vllm), or convert the folder with "
                "llama.cpp's convert_hf_to_gguf.py and weigh the GGUF file"
            )
        command = (sys.executable, "-m", "steelyard.audit.targets.tethered", program, "serve",
                   str(self._folder), "--host", "127.0.0.1", "--port", str(port),
                   "--served-model-name", NAME)  # fmt: skip
        return await Child.start(command, extra={"VLLM_API_KEY": key}, quiet=True)

    async def _connect(self, child: Child, key: str, port: int) -> OpenAI:
        loop = asyncio.get_running_loop()
        until = loop.time() + LOADING
        async with aiohttp.ClientSession() as session:
            while not child.dead and loop.time() < until:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/health") as response:
                        if response.status == OK:
                            return OpenAI(self._connection(key, port), self._named())
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.5)
        why = child.last_words() or "it never got ready"
        raise UnavailableError(f"vLLM cannot serve {self._folder}: {why}")

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
