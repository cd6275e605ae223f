"""Which files are read, and what links and caches come to."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence.manifest import of
from steelyard.weights.inspect import catalogue, inspect
from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.settings import Settings
from steelyard.weights.source import Source
from steelyard.weights.walk import walk

PLAIN = Settings(sandbox=False)


def test_a_link_inside_the_folder_is_a_file_as_in_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert [entry.path for entry in walk(tmp_path).files] == ["a.txt", "b.txt"]
    assert inspect(tmp_path, PLAIN).digest == of(tmp_path).digest()


def test_a_cache_of_the_hub_is_read_through_its_links(tmp_path: Path) -> None:
    blobs = tmp_path / "models--a--b" / "blobs"
    snapshot = tmp_path / "models--a--b" / "snapshots" / "1234"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / ("0" * 40)).write_text('{"trust_remote_code": true}')
    (snapshot / "config.json").symlink_to(f"../../blobs/{'0' * 40}")
    found = inspect(snapshot)
    assert [finding.rule for finding in found.findings] == ["config/trust-remote-code"]


def test_what_is_not_part_of_the_model_is_said_and_not_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "hook").write_bytes(b"\x7fELF")
    (tmp_path / "a.txt").write_text("a")
    (finding,) = inspect(tmp_path, PLAIN).findings
    assert (finding.rule, finding.severity) == ("file/excluded", "info")


def test_the_order_is_the_same_whatever_the_folders(tmp_path: Path) -> None:
    for name in ("z/a.txt", "a/z.txt", "B.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert inspect(tmp_path, PLAIN) == inspect(tmp_path, PLAIN)
    assert [entry.path for entry in walk(tmp_path).files] == [
        "B.txt", "a.txt", "a/z.txt", "z/a.txt",
    ]  # fmt: skip


def test_nothing_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        walk(tmp_path)
    with pytest.raises(InputError):
        walk(tmp_path / "none")


def test_a_secret_beside_a_vocabulary_is_still_found(tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRPDV7MZ2XW4T"
    (tmp_path / "tokenizer.json").write_text(
        '{"added_tokens": [], "note": "' + key + '", "model": {"vocab": {"a": 0}, "merges": []}}'
    )
    assert "text/secret" in {finding.rule for finding in inspect(tmp_path, PLAIN).findings}


class Dies(Reader):
    """A reader that takes the process with it, as a broken native library would."""

    format = "dies"
    rules = ()

    def sniff(self, source: Source) -> bool:
        return source.head.startswith(b"die")

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        del source, context
        os._exit(9)
        yield from ()


def test_a_reader_that_dies_is_a_finding_and_the_next_file_is_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("die")
    (tmp_path / "b.json").write_text('{"trust_remote_code": true}')
    known = catalogue()
    with_it = replace(known, readers=(*known.readers, Dies()))
    monkeypatch.setattr("steelyard.weights.inspect.catalogue", lambda: with_it)
    found = inspect(tmp_path)
    assert [finding.rule for finding in found.findings] == [
        "reader/crashed", "config/trust-remote-code",
    ]  # fmt: skip
    assert [report.verdict for report in found.files] == ["unreadable", "review"]
    assert found.digest == of(tmp_path).digest()
