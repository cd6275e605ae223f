from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from steelyard.cli.main import main


@pytest.fixture
def models(tmp_path: Path) -> tuple[str, str]:
    rng = np.random.default_rng(1)
    base = (rng.standard_normal((64, 64)) * 0.05).astype(np.float32)
    update = rng.standard_normal((64, 2)) @ rng.standard_normal((2, 64)) * 0.01
    for name, values in (("a", base), ("b", (base + update).astype(np.float32))):
        (tmp_path / name).mkdir()
        save_file({"model.layers.0.q_proj.weight": values}, tmp_path / name / "m.safetensors")
    return str(tmp_path / "a"), str(tmp_path / "b")


def test_the_kind_of_change_is_the_first_word(
    models: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *models]) == 1
    told = capsys.readouterr().out
    assert told.startswith("low-rank-update: ")
    assert "rank 2" in told


def test_no_change_is_exit_zero(models: tuple[str, str]) -> None:
    assert main(["diff", models[0], models[0]]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{a}", "{a}x"], "no file or folder"),
        (["{a}", "{b}", "--known", "nameless"], "write NAME=MODEL"),
        (["{a}", "{b}", "--format", "poem"], "poem"),
        (["https://host/v1#m", "{b}"], "endpoint"),
    ],
)
def test_bad_input_is_one_line_and_exit_two(
    models: tuple[str, str], capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    filled = [word.format(a=models[0], b=models[1]) for word in words]
    assert main(["diff", *filled]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_a_files_name_cannot_steer_the_terminal(
    models: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(models[1]) / "\x1b[2J\u202egpj.txt").write_text("x")
    assert main(["diff", *models]) == 1
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "‹U+001B›[2J‹U+202E›gpj.txt" in told
