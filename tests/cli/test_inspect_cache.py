"""What the terminal says of files that were not read again."""

from pathlib import Path

import pytest

from steelyard.cli.main import main
from steelyard.evidence import remembered


def test_a_second_look_says_that_it_was_cached_and_no_cache_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remembered, "SETTLED", 0.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("# A model")
    words = ["inspect", str(tmp_path / "model"), "--format", "json"]
    said = []
    for extra in ([], [], ["--no-cache"]):
        assert main([*words, *extra]) == 0
        said.append(capsys.readouterr())
    assert [each.out for each in said] == [said[0].out] * 3
    assert ["cached: 1 of 1 files unchanged" in each.err for each in said] == [False, True, False]
