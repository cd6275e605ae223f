from pathlib import Path

import pytest

from steelyard.cli.main import main


def test_show_says_in_words_what_a_policy_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "school"]) == 0
    said = capsys.readouterr().out
    assert "at most" in said
    assert "If it does not hold: refuses the model" in said
    assert "Even a flawless model needs" in said


def test_lint_passes_a_shipped_policy_and_rejects_an_impossible_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "lint", "school", "--budget", "calls=4000"]) == 0
    strict = tmp_path / "p.toml"
    strict.write_text(
        'schema = "steelyard.policy/1"\nid = "p"\ntitle = "P"\n[[gate]]\n'
        'metric = "selftest.coin.heads"\nop = "<="\nthreshold = 0.01\nwhy = "w"\n'
    )
    assert main(["policy", "lint", str(strict), "--budget", "calls=50"]) == 2
    assert "even a flawless model needs" in capsys.readouterr().out


@pytest.mark.parametrize("budget", ["calls=many", "cals=50"])
def test_a_budget_that_cannot_be_read_is_named(
    budget: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "lint", "school", "--budget", budget]) == 2
    assert budget in capsys.readouterr().err
