"""safetensors: files by the real library pass, every broken promise of the format is named."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from steelyard.evidence.predicates.inspection import Inspection
from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

PLAIN = Settings(sandbox=False)


def written(folder: Path, header: object, data: bytes) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def rules(found: Inspection) -> set[str]:
    return {finding.rule for finding in found.findings}


def entry(start: int, end: int, **changes: Any) -> dict[str, Any]:
    shape = [(end - start) // 4]
    return {"dtype": "F32", "shape": shape, "data_offsets": [start, end]} | changes


def test_a_file_by_the_library_has_no_findings(tmp_path: Path) -> None:
    tensors: dict[str, Any] = {
        "a": np.ones((3, 5), np.float32),
        "b": np.arange(7, dtype=np.float16),
    }
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    found = inspect(tmp_path, PLAIN)
    assert not found.findings
    (report,) = found.files
    assert (report.format, report.verdict) == ("safetensors", "inert")
    assert (report.tensors, report.parameters) == (2, 22)
    assert report.facts == {"framework": "pt"}


TWICE = b"""{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
             "a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}}"""
BROKEN = {
    "safetensors/overlap": ({"a": entry(0, 8), "b": entry(4, 12)}, b"\0" * 12),
    "safetensors/gap": ({"a": entry(0, 8), "b": entry(16, 24)}, b"\0" * 24),
    "safetensors/out-of-range": ({"a": entry(0, 80)}, b"\0" * 8),
    "safetensors/size-mismatch": ({"a": entry(0, 8, shape=[2**62, 4])}, b"\0" * 8),
    "safetensors/entry": ({"a": entry(0, 8, dtype="F33")}, b"\0" * 8),
    "safetensors/metadata": ({"a": entry(0, 8), "__metadata__": {"x": 1}}, b"\0" * 8),
    "safetensors/header": (b"{" * 40, b""),
    "safetensors/duplicate-key": (TWICE, b"\0"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_every_broken_promise_is_named(rule: str, tmp_path: Path) -> None:
    header, data = BROKEN[rule]
    assert rules(inspect(written(tmp_path, header, data), PLAIN)) == {rule}


def test_bytes_after_the_last_tensor_are_found(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": entry(0, 8)}, b"\0" * 8 + b"payload")
    (finding,) = inspect(path, PLAIN).findings
    assert finding.rule == "safetensors/gap"
    assert finding.place.end - finding.place.start == 7


def test_a_header_length_beyond_the_file_is_a_bomb_and_the_file_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    found = inspect(path, PLAIN)
    assert rules(found) == {"safetensors/header-bomb"}
    assert found.files[0].verdict == "unreadable"


def test_deep_nesting_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"")
    assert rules(inspect(path, PLAIN)) == {"safetensors/header"}
