"""A second look at what has not changed."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.evidence import remembered
from steelyard.weights.inspect import inspect, look
from steelyard.weights.settings import Settings


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "SETTLED", 0.0)  # the files here are a moment old


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text("# A model")
    (folder / "config.json").write_text('{"architectures": ["X"]}')
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(sandbox=False, cache=tmp_path / "cache" / "inspect")


def test_a_second_look_reads_nothing_and_says_the_same(model: Path, settings: Settings) -> None:
    first, second = look(model, settings), look(model, settings)
    assert (first.remembered, second.remembered) == (0, 2)
    assert second.inspection == first.inspection == inspect(model, replace(settings, cache=None))


def test_a_changed_file_is_read_again_though_size_and_times_were_kept(
    model: Path, settings: Settings
) -> None:
    path = model / "README.md"
    before = look(model, settings).inspection
    times = path.stat()
    path.write_text("# A muddl")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = look(model, settings)
    assert after.remembered == 1
    assert after.inspection.digest != before.digest
    assert after.inspection == inspect(model, replace(settings, cache=None))


def test_a_file_that_changed_a_moment_ago_is_not_remembered(
    model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "SETTLED", 60.0)
    look(model, settings)
    assert look(model, settings).remembered == 0


def test_another_name_or_other_settings_are_another_question(
    model: Path, settings: Settings
) -> None:
    look(model, settings)
    assert look(model, replace(settings, statistics=False)).remembered == 0
    (model / "README.md").rename(model / "notes.md")
    assert look(model, settings).remembered == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}"])
def test_a_damaged_entry_is_read_and_written_anew(
    model: Path, settings: Settings, damage: bytes
) -> None:
    first = look(model, settings)
    assert settings.cache
    entries = list(settings.cache.glob("??/*"))
    assert len(entries) == 2
    for entry in entries:
        entry.write_bytes(damage)
    second = look(model, settings)
    assert (second.remembered, second.inspection) == (0, first.inspection)
    assert look(model, settings).remembered == 2


def test_entries_are_for_their_owner_and_a_folder_others_can_write_is_not_used(
    model: Path, settings: Settings
) -> None:
    look(model, settings)
    assert settings.cache
    assert {entry.stat().st_mode & 0o777 for entry in settings.cache.glob("??/*")} == {0o600}
    settings.cache.chmod(0o777)
    assert look(model, settings).remembered == 0


def test_the_oldest_entries_go_when_there_are_too_many(
    model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_ENTRIES", 1)
    look(model, settings)
    assert settings.cache
    assert len(list(settings.cache.glob("??/*"))) == 1


def test_a_cache_that_cannot_be_written_changes_nothing(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    settings = Settings(sandbox=False, cache=tmp_path / "file" / "inspect")
    assert look(model, settings).inspection == look(model, settings).inspection


def test_what_a_reader_died_over_is_not_remembered(model: Path, settings: Settings) -> None:
    limits = replace(settings.limits, seconds=0.0)
    hurried = replace(settings, sandbox=True, limits=limits)
    assert {item.rule for item in look(model, hurried).inspection.findings} == {"reader/timed-out"}
    assert look(model, hurried).remembered == 0


def test_values_that_were_not_counted_are_said_to_be(model: Path, settings: Settings) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"a": np.ones((4, 4), np.float32)}, model / "model.safetensors")
    found = inspect(model, replace(settings, statistics=False))
    assert [item.what for item in found.skipped] == ["model.safetensors"]
