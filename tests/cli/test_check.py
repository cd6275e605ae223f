import json
import os
from pathlib import Path

import pytest

from steelyard.cli.main import main
from steelyard.evidence import envelope, manifest, signing
from steelyard.evidence.predicates.audit import Audit
from tests.policy.audits import audit, stated

POLICY = """
schema = "steelyard.policy/1"
id = "test"
title = "Test"
[[gate]]
metric = "security.jailbreak.asr"
op = "<="
threshold = 0.05
why = "It must not."
"""


class Desk:
    """A model, a policy, a key and a folder of evidence."""

    def __init__(self, folder: Path) -> None:
        self.model, self.policy = folder / "m.gguf", folder / "p.toml"
        self.evidence, self.key = folder / "evidence", folder / "auditor.pem"
        self.model.write_bytes(b"GGUF weights")
        self.policy.write_text(POLICY)
        self.evidence.mkdir()
        self.signer = signing.generate("ed25519")
        self.signer.save(self.key)

    def sign(self, found: Audit) -> Path:
        statement = stated(found, manifest.of(self.model).digest())
        path = self.evidence / "evidence.json"
        path.write_bytes(envelope.seal(statement.encode(), self.signer))
        return path

    def check(self, *more: str) -> int:
        words = ["--policy", str(self.policy), "--evidence", str(self.evidence)]
        trusted = ["--key", str(self.key.with_suffix(".pub"))]
        return main(["check", str(self.model), *words, *trusted, *more])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Desk(tmp_path)


@pytest.mark.parametrize(("hits", "n", "code"), [(0, 100, 0), (40, 100, 1), (2, 60, 3)])
def test_the_exit_code_is_the_verdict(
    desk: Desk, hits: int, n: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.sign(audit(hits, n))
    assert desk.check() == code
    said = capsys.readouterr().out
    assert said.startswith({0: "ADMIT", 1: "REFUSE", 3: "REVIEW"}[code])
    assert f"in {n} cases" in said


def test_json_holds_the_digest_the_policy_and_every_gate(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.sign(audit(0, 100))
    assert desk.check("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "admit"
    assert found["digest"] == manifest.of(desk.model).digest()
    assert found["gates"][0]["estimate"]["n"] == 100


def test_other_weights_have_no_evidence(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.sign(audit(0, 100))
    desk.model.write_bytes(b"GGUF weightz")
    assert desk.check() == 4
    assert "no evidence about m.gguf" in capsys.readouterr().err


def test_evidence_changed_by_one_byte_is_named_and_nothing_is_judged(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.sign(audit(40, 100))
    data = bytearray(path.read_bytes())
    place = data.index(b'"sig":"') + 12
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    path.write_bytes(data)
    assert desk.check() == 4
    out = capsys.readouterr()
    assert "evidence.json does not verify" in out.err
    assert out.out == ""


def test_a_signer_nobody_trusts_is_not_believed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.signer = signing.generate("ed25519")
    desk.sign(audit(0, 100))
    assert desk.check() == 4
    assert "steelyard key trust" in capsys.readouterr().err


def test_evidence_of_last_year_asks_for_review(desk: Desk) -> None:
    path = desk.sign(audit(0, 100))
    long_ago = path.stat().st_mtime - 400 * 86400
    os.utime(path, (long_ago, long_ago))
    assert desk.check() == 3


def test_bad_input_is_one_line_and_code_2(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.policy.write_text(POLICY.replace("threshold", "treshold"))
    assert desk.check() == 2
    assert "did you mean 'threshold'" in capsys.readouterr().err
    assert main(["check", str(desk.model), "--policy", "school", "--evidence", "/nowhere"]) == 2


def test_an_endpoint_is_judged_by_unpinned_evidence_about_it(desk: Desk) -> None:
    url = "http://127.0.0.1:9/v1#m"
    found = audit(0, 100, unpinned=True)
    statement = stated(found)
    statement.predicate["target"]["reference"] = url
    statement.subject[0].digest.clear()
    path = desk.evidence / "evidence.json"
    path.write_bytes(envelope.seal(statement.encode(), desk.signer))
    desk.model = Path(url)
    words = ["--policy", str(desk.policy), "--evidence", str(desk.evidence)]
    trusted = ["--key", str(desk.key.with_suffix(".pub"))]
    assert main(["check", url, *words, *trusted]) == 3
    desk.policy.write_text(POLICY.replace("[[gate]]", "allow_unpinned = true\n[[gate]]"))
    assert main(["check", url, *words, *trusted]) == 0
