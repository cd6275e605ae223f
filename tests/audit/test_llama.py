"""GGUF files: what their header says, and the real llama.cpp in a child process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import gguf
import pytest

from steelyard.audit.probe import Message, Need, Reply, Request
from steelyard.audit.targets import gguf_keys
from steelyard.audit.targets.llama import Llama, Serving
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates import audit as predicate
from steelyard.subjects import FetchSettings, fetch, loadable, parse

RECORD = predicate.Target(reference="m", kind="llama", model="", unpinned=False, chat="model")
NEEDS: frozenset[Need] = frozenset(("logprobs", "prefill", "system"))


def header(path: Path, template: str = "") -> Path:
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Tiny")
    writer.add_context_length(2048)
    writer.add_token_list(["<s>", "a", "b"])
    writer.add_token_scores([0.0, 1.0, 2.0])
    if template:
        writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_a_header_says_whether_there_is_a_chat_template(tmp_path: Path) -> None:
    with_one = gguf_keys.read(header(tmp_path / "a.gguf", "{{ messages }}"))
    assert with_one == gguf_keys.Facts(
        architecture="llama", name="Tiny", context=2048, has_chat_template=True
    )
    assert not gguf_keys.read(header(tmp_path / "b.gguf")).has_chat_template


def test_a_header_cut_anywhere_is_an_error_in_words(tmp_path: Path) -> None:
    whole = header(tmp_path / "a.gguf", "{{ messages }}").read_bytes()
    keys_end = whole.rfind(b"{{ messages }}") + len("{{ messages }}")
    for length in range(keys_end):
        path = tmp_path / "cut.gguf"
        path.write_bytes(whole[:length])
        with pytest.raises(UnavailableError):
            gguf_keys.read(path)


@pytest.fixture(scope="module")
def model() -> Path:
    return loadable(fetch(parse(""), FetchSettings())).path


def ask(path: Path, requests: list[Request], slots: int = 4) -> tuple[Llama, list[Reply]]:
    async def go() -> tuple[Llama, list[Reply]]:
        async with Llama(path, RECORD, Serving(slots=slots, needs=NEEDS)) as target:
            return target, list(await asyncio.gather(*map(target.ask, requests)))

    return asyncio.run(go())


def questions() -> list[Request]:
    return [
        Request(
            messages=(Message("user", f"Name something that is {word}, then add {i} + {i}."),),
            max_tokens=12,
            top_logprobs=5,
        )
        for i, word in enumerate(("red", "tall", "sweet", "loud", "old", "fast"))
    ]


@pytest.mark.slow
def test_greedy_answers_are_the_same_however_many_are_asked_at_once(model: Path) -> None:
    target, one_by_one = ask(model, questions(), slots=1)
    _, together = ask(model, questions(), slots=4)
    assert one_by_one == together
    assert target.record.chat == "model"
    assert target.offers == NEEDS
    assert all(len(reply.first) == 5 for reply in together)


@pytest.mark.slow
def test_a_base_model_is_recognised_and_asked_as_a_conversation(
    model: Path, tmp_path: Path
) -> None:
    data = model.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_tEmplate", 1)
    base = tmp_path / "base.gguf"
    base.write_bytes(data)
    target, replies = ask(base, questions()[:2])
    assert target.record.chat == "none"
    assert any("no chat template" in note for note in target.record.notes)
    assert target.record.model == "base"
    assert all("\nUser:" not in reply.text for reply in replies)


@pytest.mark.slow
def test_a_truncated_file_says_why_it_cannot_be_loaded(model: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(model.read_bytes()[:50_000_000])
    with pytest.raises(UnavailableError, match="not within the file bounds"):
        ask(short, questions()[:1])


PARENT = """
import asyncio, sys
from pathlib import Path
from tests.audit.test_llama import RECORD, Llama, Serving
async def go():
    async with Llama(Path(sys.argv[1]), RECORD, Serving(slots=1)) as target:
        print(target._child.process.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(go())
"""


@pytest.mark.slow
def test_the_child_dies_with_a_parent_that_is_killed(model: Path) -> None:
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    until = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
