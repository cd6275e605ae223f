"""GGUF: files by the real library pass; counts, overflows, overlaps and hidden bytes don't."""

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES, LlamaFileType

from steelyard.evidence.predicates.inspection import Inspection
from steelyard.weights.inspect import inspect
from steelyard.weights.readers import ggml
from steelyard.weights.settings import Settings

PLAIN = Settings(sandbox=False)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def info(name: str, axes: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    shape = b"".join(struct.pack("<Q", axis) for axis in axes)
    return text(name) + struct.pack("<I", len(axes)) + shape + struct.pack("<IQ", kind, offset)


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def made(keys: list[bytes], tensors: list[bytes], data: bytes, version: int = 3) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    head += b"".join(keys) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


def looked(folder: Path, data: bytes) -> Inspection:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return inspect(path, PLAIN)


def rules(found: Inspection) -> set[str]:
    return {finding.rule for finding in found.findings}


def test_a_file_by_the_library_has_no_findings_and_tells_what_it_is(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_license("apache-2.0")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_token_list(["a", "b"])
    writer.add_tensor("token_embd.weight", np.ones((2, 64), np.float32))
    writer.add_tensor(
        "blk.0.weight",
        gguf.quants.quantize(np.ones((32, 64), np.float32), gguf.GGMLQuantizationType.Q8_0),
        raw_dtype=gguf.GGMLQuantizationType.Q8_0,
    )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = inspect(tmp_path, PLAIN)
    assert not found.findings
    (report,) = found.files
    assert report.verdict == "inert"
    assert (report.tensors, report.parameters) == (2, 2176)
    assert report.facts["licence"] == "apache-2.0"
    assert report.facts["quantisation"] == "Q8_0"
    assert report.facts["tokens"] == "2"


def test_versions_one_and_two_and_big_endian_are_read(tmp_path: Path) -> None:
    first = b"GGUF" + struct.pack("<III", 1, 0, 0)
    assert not looked(tmp_path, first).findings
    assert not looked(tmp_path, made([], [info("a", (8,))], bytes(32), version=2)).findings
    big = b"GGUF" + struct.pack(">IQQ", 3, 0, 0)
    assert not looked(tmp_path, big).findings


def test_the_type_table_is_the_packages() -> None:
    assert {kind.value: (kind.name, *size) for kind, size in GGML_QUANT_SIZES.items()} == ggml.TYPES
    names = {kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in
             LlamaFileType if kind.name != "GUESSED"}  # fmt: skip
    assert names == ggml.QUANTISATIONS


ALIGNED = key("general.alignment", 4, struct.pack("<I", 0x8000_0000))
LAYER = info("direction.1073741824", (8,))
BROKEN = {
    "count of tensors": (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "gguf/count"),
    "count of keys": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "gguf/count"),
    "length of a text": (made([struct.pack("<Q", 1 << 62) + bytes(40)], [], b""), "gguf/count"),
    "array": (made([key("a", 9, struct.pack("<IQ", 4, 1 << 62))], [], b""), "gguf/count"),
    "axes": (made([], [text("a") + struct.pack("<I", 0xFFFF_FFFF)], bytes(64)), "gguf/count"),
    "value type": (made([key("a", 77, b"")], [], b""), "gguf/header"),
    "version": (b"GGUF" + struct.pack("<IQQ", 77, 0, 0), "gguf/header"),
    "cut short": (made([], [info("a", (8,))], bytes(32))[:40], "gguf/header"),
    "key twice": (made([key("a", 0, b"\1")] * 2, [], b""), "gguf/duplicate"),
    "tensor twice": (
        made([], [info("a", (8,)), info("a", (8,), offset=32)], bytes(64)), "gguf/duplicate",
    ),
    "past the end": (made([], [info("a", (800,))], bytes(32)), "gguf/out-of-range"),
    "overlap": (made([], [info("a", (16,)), info("b", (8,), offset=32)], bytes(64)),
                "gguf/overlap"),
    "unknown type": (made([], [info("a", (8,), kind=4)], b""), "gguf/tensor"),
    "five axes": (made([], [info("a", (8, 1, 1, 1, 1))], bytes(32)), "gguf/tensor"),
    "part of a block": (made([], [info("a", (33,), kind=2)], bytes(32)), "gguf/tensor"),
    "offset": (made([], [info("a", (8,), offset=4)], bytes(64)), "gguf/alignment"),
    "alignment": (made([ALIGNED], [info("a", (8,))], bytes(32)), "gguf/alignment"),
    "trailing": (made([], [info("a", (8,))], bytes(32) + b"payload" * 9), "gguf/gap"),
    "layer": (made([], [LAYER], bytes(32)), "gguf/index"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_every_broken_promise_is_named(case: str, tmp_path: Path) -> None:
    data, rule = BROKEN[case]
    assert rule in rules(looked(tmp_path, data))


def test_padding_that_is_not_zero_is_found(tmp_path: Path) -> None:
    data = made([], [info("a", (1,)), info("b", (8,), offset=32)], b"\0\0\0\0evil" + bytes(56))
    assert rules(looked(tmp_path, data)) == {"gguf/gap"}
