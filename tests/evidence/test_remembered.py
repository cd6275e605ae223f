"""Digests that outlive a command."""

import hashlib
from pathlib import Path

import pytest

from steelyard.evidence import hashing, manifest, remembered
from steelyard.evidence.hashing import Part
from steelyard.evidence.remembered import Digests


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "SETTLED", 0.0)  # the files here are a moment old


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "w").write_bytes(b"weights")
    first = manifest.of(tmp_path / "m", manifest.Settings(memory=Digests(tmp_path / "c")))
    monkeypatch.setattr(hashing, "_hash", None)  # a call would raise
    assert manifest.of(tmp_path / "m", manifest.Settings(memory=Digests(tmp_path / "c"))) == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    hashing.parts([Part(path)], memory=Digests(tmp_path / "c"))
    path.write_bytes(b"weighty")
    (told,) = hashing.parts([Part(path)], memory=Digests(tmp_path / "c"))
    assert told.digest == hashlib.sha256(b"weighty").hexdigest()


def test_a_part_or_another_algorithm_has_an_entry_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    wanted = [Part(path), Part(path, 0, 3)]
    for _ in range(2):
        whole, start = hashing.parts(wanted, memory=Digests(tmp_path / "c"))
        (other,) = hashing.parts(wanted[:1], "blake2b", memory=Digests(tmp_path / "c"))
        assert whole.digest == hashlib.sha256(b"weights").hexdigest()
        assert start.digest == hashlib.sha256(b"wei").hexdigest()
        assert other.digest == hashlib.blake2b(b"weights").hexdigest()


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    memory = Digests(tmp_path / "c")
    assert (Part(path), "sha256") not in memory
    path.write_bytes(b"weighty")
    memory[Part(path), "sha256"] = hashing.Hashed(hashlib.sha256(b"weights").hexdigest(), 7)
    assert (Part(path), "sha256") not in Digests(tmp_path / "c")
