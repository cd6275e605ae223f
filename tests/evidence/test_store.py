from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence import envelope, signing, store
from steelyard.evidence.statement import Statement


def test_envelopes_are_found_by_the_digest_they_are_about(
    tmp_path: Path, statement: Statement
) -> None:
    data = envelope.seal(statement.encode(), signing.generate())
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "evidence.json").write_bytes(data)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "journal.jsonl").write_text("{}")
    (found,) = store.find(tmp_path, "ab" * 32)
    assert isinstance(found, store.Stored)
    assert (found.statement, found.data) == (statement, data)
    assert store.find(tmp_path, "cd" * 32) == []


def test_a_damaged_envelope_is_named_and_not_skipped(tmp_path: Path, statement: Statement) -> None:
    data = envelope.seal(statement.encode(), signing.generate())
    (tmp_path / "cut.json").write_bytes(data[:-40])
    (tmp_path / "hollow.json").write_bytes(data.replace(b"dsseEnvelope", b"dsseEnvelopf"))
    found = store.find(tmp_path, "cd" * 32)
    assert [type(each) for each in found] == [store.Damaged, store.Damaged]
    assert [each.path.name for each in found] == ["cut.json", "hollow.json"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        store.find(tmp_path / "nowhere", "")


def test_a_file_too_large_for_evidence_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(envelope.LARGEST + 1)
    found = store.read(tmp_path / "huge.json")
    assert isinstance(found, store.Damaged)
    assert "larger than" in found.reason
