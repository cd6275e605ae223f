"""`steelyard inspect`: exit codes, formats, suppressions."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from steelyard.cli.main import main
from steelyard.evidence.manifest import of


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "good"
    folder.mkdir()
    save_file({"a": np.ones(4, np.float32)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def bad(good: Path) -> Path:
    (good / "config.json").write_text('{"trust_remote_code": true}')
    return good


def test_nothing_found_is_zero(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(good)]) == 0
    assert "1 inert" in capsys.readouterr().out


def test_the_digest_is_the_manifests(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(good), "--format", "json"])
    assert json.loads(capsys.readouterr().out)["predicate"]["digest"] == of(good).digest()


def test_a_finding_is_one_unless_it_is_below_the_threshold(bad: Path) -> None:
    assert main(["inspect", str(bad)]) == 1
    assert main(["inspect", str(bad), "--fail-on", "critical"]) == 0


def test_what_could_not_be_read_is_four(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    assert main(["inspect", str(path), "--fail-on", "critical"]) == 4
    path.write_bytes(bytes(range(256)))
    assert main(["inspect", str(path)]) == 4


def test_usage_is_two(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(good / "nothing")]) == 2
    assert main(["inspect", str(good), "--format", "smoke"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_statement_is_about_the_digest(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(good), "--format", "statement"])
    statement = json.loads(capsys.readouterr().out)
    assert statement["predicateType"].endswith("/inspection/v1")
    assert statement["subject"][0]["digest"]["sha256"] == of(good).digest()


def suppression(bad: Path, expires: str) -> Path:
    entry = next(entry for entry in of(bad).entries if entry.path == "config.json")
    path = bad.parent / "accepted.toml"
    path.write_text(
        f'[[suppress]]\nrule = "config/trust-remote-code"\npath = "config.json"\n'
        f'sha256 = "{entry.sha256}"\nreason = "read it"\nowner = "ada"\nexpires = {expires}\n'
    )
    return path


def test_an_accepted_finding_counts_no_more_but_stays(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = suppression(bad, "2999-01-01")
    assert main(["inspect", str(bad), "--suppress", str(accepted), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["predicate"]["suppressed"]) == 1
    (bad / "config.json").write_text('{"trust_remote_code": true, "x": 1}')
    assert main(["inspect", str(bad), "--suppress", str(accepted)]) == 1


def test_an_expired_suppression_is_said_and_does_not_count(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = suppression(bad, "2020-01-01")
    assert main(["inspect", str(bad), "--suppress", str(accepted)]) == 1
    assert "ended on 2020-01-01" in capsys.readouterr().err


def test_a_suppression_without_an_owner_is_refused(bad: Path) -> None:
    accepted = suppression(bad, "2999-01-01")
    accepted.write_text(accepted.read_text().replace('"ada"', '""'))
    assert main(["inspect", str(bad), "--suppress", str(accepted)]) == 2


@pytest.mark.parametrize(
    "shape", ["terminal", "json", "statement", "sarif", "junit", "markdown", "html"]
)
def test_every_format_can_be_written(bad: Path, shape: str) -> None:
    out = bad.parent / "out"
    assert main(["inspect", str(bad), "--format", shape, "--out", str(out)]) == 1
    assert "config/trust-remote-code" in out.read_text()
