"""Whoever judges the evidence an audit just made comes to exactly the audit's verdict."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steelyard.cli.main import main
from tests.audit.endpoint import Behaviour, serve

HEAD = """
schema = "steelyard.policy/1"
id = "journey"
title = "A journey"
allow_unpinned = {pinned}
"""
GATE = """
[[gate]]
metric = "{metric}"
op = "<="
threshold = {threshold}
severity = "{severity}"
on_missing = "{missing}"
why = "It matters here."
"""
COIN, UNASKED = "selftest.coin.heads", "security.personal_data.plausible"
CODES = {"admit": 0, "refuse": 1, "review": 3}


def gate(metric: str = COIN, threshold: float = 0.3, *, how: str = "block/review") -> str:
    severity, _, missing = how.partition("/")
    return GATE.format(metric=metric, threshold=threshold, severity=severity, missing=missing)


CASES = [
    (0.0, "true", gate(), "admit"),
    (0.9, "true", gate(), "refuse"),
    (0.9, "true", gate(how="warn/review"), "review"),
    (0.0, "false", gate(), "review"),
    (0.3, "true", gate(), "review"),
    (0.3, "true", gate(how="warn/refuse"), "refuse"),
    (0.0, "true", gate() + gate(UNASKED), "review"),
    (0.0, "true", gate() + gate(UNASKED, how="warn/refuse"), "refuse"),
    (0.3, "true", gate(threshold=0.05) + gate(threshold=0.7), "refuse"),
]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_check_agrees_with_the_audit_gate_by_gate(
    case: tuple[float, str, str, str], room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rate, pinned, gates, verdict = case
    policy, out = room / "p.toml", room / "out"
    policy.write_text(HEAD.format(pinned=pinned) + gates)
    with serve(Behaviour(rate=rate)) as endpoint:
        asked = [endpoint.reference, "--policy", str(policy)]
        run = ["--probes", "selftest.coin", "--budget", "calls=60", "--seed", "s", "--json"]
        code = main(["audit", *asked, *run, "--out", str(out)])
        said = json.loads(capsys.readouterr().out)["predicate"]
        again = main(["check", *asked, "--evidence", str(out), "--json"])
    judged = json.loads(capsys.readouterr().out)
    assert said["verdict"] == judged["verdict"] == verdict
    assert code == again == CODES[verdict]
    assert [g["state"] for g in said["gates"]] == [g["state"] for g in judged["gates"]]
    assert len(said["reasons"]) == len(judged["reasons"])
    for mine, theirs in zip(said["gates"], judged["gates"], strict=True):
        told = theirs["reason"].replace(" (evidence.json)", "")
        assert mine["reason"].startswith(told)


def test_a_waiver_changes_the_exit_code_of_both_and_not_the_statement(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, out = room / "p.toml", room / "out"
    until = datetime.now(UTC).date() + timedelta(days=2)
    waiver = f'[[waiver]]\nmetric = "{COIN}"\nreason = "a pilot"\nby = "head"\nuntil = {until}\n'
    policy.write_text(HEAD.format(pinned="true") + waiver + gate())
    with serve(Behaviour(rate=0.9)) as endpoint:
        asked = [endpoint.reference, "--policy", str(policy)]
        run = ["--probes", "selftest.coin", "--budget", "calls=60", "--seed", "s"]
        assert main(["audit", *asked, *run, "--out", str(out)]) == 0
        told = capsys.readouterr().out
        assert main(["check", *asked, "--evidence", str(out)]) == 0
    assert "REFUSE" in told
    assert "the policy says: ADMIT" in told
    statement = json.loads((out / "statement.json").read_text())
    assert statement["predicate"]["verdict"] == "refuse"
