"""`steelyard verify` on what a real audit of a real endpoint wrote."""

from pathlib import Path

import pytest

from steelyard.cli.main import main
from steelyard.evidence import envelope, keyring, manifest, signing
from steelyard.evidence.predicates.manifest import ModelManifest
from steelyard.evidence.statement import Statement, Subject, about
from tests.audit.endpoint import Behaviour, serve


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def evidence(home: Path) -> Path:
    out = home / "evidence"
    with serve(Behaviour()) as endpoint:
        words = ["audit", endpoint.reference, "--probes", "selftest.coin", "--seed", "s"]
        assert main([*words, "--budget", "calls=60", "--out", str(out)]) in (0, 1, 3)
    return out


def test_an_audits_folder_verifies_with_its_transcript(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["verify", str(evidence)]) == 0
    assert "audit/v1 about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("journal.jsonl", (b'"text":"heads"', b'"text":"tails"'), "transcript that was signed"),
        ("statement.json", (b'"seed"', b'"Seed"'), "statement"),
        ("evidence.json", (b'"sig":"M', b'"sig":"N'), "signature"),
        ("evidence.json", (b'"payload":"e', b'"payload":"f'), "payload"),
    ],
)
def test_a_changed_byte_is_caught_and_the_file_named(
    evidence: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    change: tuple[bytes, bytes],
    told: str,
) -> None:
    path = evidence / file
    data = path.read_bytes()
    assert change[0] in data
    path.write_bytes(data.replace(*change, 1))
    capsys.readouterr()
    assert main(["verify", str(evidence)]) == 1
    assert told in capsys.readouterr().out


def test_evidence_that_lists_the_files_names_the_one_that_changed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = home / "model"
    model.mkdir()
    for name in ("a.bin", "b.bin"):
        (model / name).write_text(name)
    listed = manifest.of(model)
    whole = about(
        "model", {"sha256": listed.digest()}, "licence", ModelManifest(entries=(), excluded=())
    )
    files = tuple(Subject(name=e.path, digest={"sha256": e.sha256}) for e in listed.entries)
    statement = Statement(
        subject=(*whole.subject, *files),
        predicate_type=whole.predicate_type,
        predicate=whole.predicate,
    )
    path = home / "e.json"
    path.write_bytes(envelope.seal(statement.encode(), signing.own(keyring.default())))
    assert main(["verify", str(path), "--model", str(model)]) == 0
    (model / "b.bin").write_text("B.bin")
    capsys.readouterr()
    assert main(["verify", str(path), "--model", str(model)]) == 1
    assert "changed: b.bin" in capsys.readouterr().out


def test_a_page_that_the_evidence_does_not_give_is_named(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["verify", str(evidence)]) == 0
    assert "NOT drawn" not in capsys.readouterr().out
    page = evidence / "report.html"
    page.write_bytes(page.read_bytes().replace(b"</h1>", b"!</h1>", 1))
    assert main(["verify", str(evidence)]) == 0
    assert "NOT drawn from it, or by another version: report.html" in capsys.readouterr().out
