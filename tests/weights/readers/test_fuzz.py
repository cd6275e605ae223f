"""Mutated files of every format: whatever they become, a clean outcome comes back."""

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import gguf
import h5py  # type: ignore[import-untyped]  # it ships no stubs
import msgspec
import numpy as np
import pytest
from safetensors.numpy import save_file

from steelyard.weights.examine import Examiner, Outcome
from steelyard.weights.inspect import catalogue
from steelyard.weights.settings import Limits, Settings
from steelyard.weights.walk import Entry

SLOWEST = 20.0
"""Seconds of processor time for one mutant of a few kilobytes: far above what any takes."""

ROUNDS = int(os.environ.get("STEELYARD_FUZZ_ROUNDS", "10"))


def safetensors_file(path: Path) -> None:
    save_file({"a": np.ones((3, 4), np.float32), "b": np.ones(5, np.float16)}, path)


def gguf_file(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("token_embd.weight", np.ones((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def hdf5_file(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = '{"class_name": "Sequential", "config": {"layers": []}}'
        file.create_dataset("a/b", data=np.ones(4))


def protobuf(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2, len(data)]) + data


def onnx_file(path: Path) -> None:
    tensor = b"\x08\x01\x10\x01" + protobuf(8, b"w") + protobuf(9, b"1234")
    node = protobuf(1, b"x") + protobuf(2, b"y") + protobuf(4, b"Relu")
    graph = protobuf(1, node) + protobuf(5, tensor)
    path.write_bytes(b"\x08\x08" + protobuf(2, b"t") + protobuf(7, graph))


def tensorflow_file(path: Path) -> None:
    node = protobuf(1, protobuf(1, b"n") + protobuf(2, b"MatMul"))
    path.write_bytes(b"\x08\x01" + protobuf(2, protobuf(2, node)))


def tflite_file(path: Path) -> None:
    path.write_bytes(
        b"\x10\0\0\0TFL3\x08\0\x08\0\0\0\x04\0\x08\0\0\0\x04\0\0\0\x01\0\0\0\x0c\0\0\0"
        b"\x08\0\x08\0\0\0\x04\0\x08\0\0\0\x04\0\0\0\x04\0\0\0Evil\0\0\0\0"
    )


def text_file(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": 1, "content": "<s>"}],
    "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "_"},
    "model": {"type": "BPE", "vocab": {"a": 0}},
}
LAYER = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": ["aa"]}}
NOTEBOOK = {"cells": [{"cell_type": "code", "source": ["import os\n"], "outputs": [{"data": {}}]}],
            "nbformat": 4}  # fmt: skip
SEEDS: dict[str, Callable[[Path], object]] = {
    "safetensors": safetensors_file,
    "gguf": gguf_file,
    "hdf5": hdf5_file,
    "onnx": onnx_file,
    "tensorflow": tensorflow_file,
    "tflite": tflite_file,
    "tokenizer": text_file(json.dumps(TOKENIZER)),
    "keras": text_file(json.dumps({"class_name": "Sequential", "config": {"layers": [LAYER]}})),
    "notebook": text_file(json.dumps(NOTEBOOK)),
    "config": text_file(
        '{"auto_map": {"A": "b.C"}, "chat_template": "{{ x }}", "_target_": "a.b", '
        '"auto_mapping": {"parent_library": "x"}, "weight_map": {"a": "b"}}'
    ),
    "template": text_file("{% for m in messages %}{% if 'a b' in m.content %}{{ m['content'] | "
                          "trim ~ '__' ~ x.y(1)[::-1] }}{% endif %}{% endfor %}"),
    "python": text_file("import os as o\nclass A:\n    x = o.getcwd()\n    def f(self):\n"
                        "        return getattr(o, 'a' + 'b')(self)\nf = lambda: A()\nf()\n"),
    "yaml": text_file("---\na: !!python/name:os.x\nb:\n  _target_: a.b\n"),
    "markup": text_file("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a onload='x'>&b;</a>"),
    "card": text_file("---\nlicense: mit\nbase_model:\n- a/b\n---\n# x https://1.1.1.1/\n"),
}  # fmt: skip

NASTY = (b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7, b"\xff\xff\xff\x7f", b"\x80" * 10, b"{" * 9,
         b"[" * 99, b'"', b"\\ud800", b"{{", b"%}", b"(" * 300, b"\xed\xa0\x80")  # fmt: skip


def mutant(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bits, cuts, copies, and values that lengths should not have."""
    raw = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw)) if raw else 0
        match rng.randrange(6):
            case 0 if raw:
                raw[at] ^= 1 << rng.randrange(8)
            case 1:
                raw[at:at] = rng.choice(NASTY)
            case 2:
                piece = rng.choice(NASTY)
                raw[at : at + len(piece)] = piece
            case 3:
                del raw[at : at + rng.randrange(1, 64)]
            case 4:
                raw[at:at] = raw[at : at + rng.randrange(1, 64)]
            case _:
                del raw[rng.randrange(len(raw) + 1) :]
    return bytes(raw)


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    limits = Limits(expanded=64 << 20, members=200)
    return Examiner(catalogue().readers, Settings(sandbox=False, limits=limits))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutant_gives_a_clean_outcome(seed: str, tmp_path: Path, examiner: Examiner) -> None:
    path = tmp_path / "original"
    SEEDS[seed](path)
    original = path.read_bytes()
    rng = random.Random(f"{seed} 1")
    target = tmp_path / "model"
    for number in range(ROUNDS):
        data = mutant(original, rng)
        target.write_bytes(data)
        entry = Entry(path="model", real=target, size=len(data))
        began = time.process_time()
        outcome = examiner.examine(entry)
        assert time.process_time() - began < SLOWEST, (number, data[:200])
        assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
