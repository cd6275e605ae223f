"""`steelyard key` and `steelyard verify`, as a person uses them."""

import io
import json
from pathlib import Path

import pytest

from steelyard.cli import key as key_verb
from steelyard.cli.main import main
from steelyard.evidence import envelope, keyring, manifest, signing
from steelyard.evidence.predicates.manifest import ModelManifest
from steelyard.evidence.statement import Statement, about


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("STEELYARD_KEY_PASSPHRASE", raising=False)
    return tmp_path


@pytest.fixture
def model(home: Path) -> Path:
    (home / "model").mkdir()
    (home / "model" / "w.bin").write_bytes(b"weights" * 100)
    (home / "model" / "config.json").write_text("{}")
    return home / "model"


@pytest.fixture
def evidence(home: Path, model: Path) -> Path:
    signer = signing.own(keyring.default())
    listed = manifest.of(model)
    statement = about(
        "model",
        {"sha256": listed.digest()},
        "manifest",
        ModelManifest(entries=listed.entries, excluded=()),
    )
    folder = home / "evidence"
    folder.mkdir()
    (folder / "evidence.json").write_bytes(envelope.seal(statement.encode(), signer))
    (folder / "statement.json").write_bytes(statement.encode())
    return folder


def test_evidence_by_ones_own_key_verifies(
    evidence: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(evidence), "--model", str(model)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("verified")
    assert "the weights are these" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: (m / "w.bin").write_bytes(b"Weights" + b"weights" * 99), "changed: w.bin"),
        (lambda m: (m / "w.bin").rename(m / "w.pkl"), "renamed: w.bin is now w.pkl"),
        (lambda m: (m / "w.bin").unlink(), "missing: w.bin"),
        (lambda m: (m / "evil.py").write_text("1"), "added: evil.py"),
    ],
)
def test_a_changed_model_is_caught_and_the_file_is_named(
    evidence: Path, model: Path, capsys: pytest.CaptureFixture[str], change: object, told: str
) -> None:
    assert callable(change)
    change(model)
    assert main(["verify", str(evidence), "--model", str(model)]) == 1
    assert told in capsys.readouterr().out


def test_every_flipped_byte_of_the_evidence_is_caught(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = evidence / "evidence.json"
    data = file.read_bytes()
    for place in range(0, len(data), 37):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        code = main(["verify", str(file)])
        told = capsys.readouterr()
        # 4: the flipped byte was in the key's fingerprint, so the key is not a trusted one.
        assert code in (1, 4), place
        assert "Traceback" not in told.out + told.err


def test_a_statement_beside_the_envelope_must_be_the_signed_one(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads((evidence / "statement.json").read_bytes())
    told["subject"][0]["name"] = "another"
    (evidence / "statement.json").write_text(json.dumps(told))
    assert main(["verify", str(evidence)]) == 1
    assert "statement.json is not the statement that was signed" in capsys.readouterr().out


def test_a_strangers_key_is_named_until_it_is_trusted(
    home: Path, model: Path, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "new", "--algorithm", "ed25519", "--out", str(home / "her.pem")]) == 0
    statement = Statement(
        subject=about(
            "m", {"sha256": "ab" * 32}, "audit", ModelManifest(entries=(), excluded=())
        ).subject,
        predicate_type="https://steelyard.dev/evidence/audit/v1",
        predicate={},
    )
    hers = key_verb.signer(home / "her.pem")
    (evidence / "hers.json").write_bytes(envelope.seal(statement.encode(), hers))
    capsys.readouterr()
    assert main(["verify", str(evidence / "hers.json")]) == 4
    told = capsys.readouterr().out
    assert hers.public.fingerprint in told
    assert "you have not said you trust" in told
    assert main(["verify", str(evidence / "hers.json"), "--key", str(home / "her.pub")]) == 0
    assert main(["key", "trust", str(home / "her.pub")]) == 0
    assert main(["verify", str(evidence / "hers.json")]) == 0
    assert main(["verify", str(evidence / "hers.json"), "--model", str(model)]) == 1


def test_a_new_key_is_announced_and_its_private_half_never_printed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "new"]) == 0
    told = capsys.readouterr()
    assert "PRIVATE" not in told.out + told.err
    assert (home / "config" / "steelyard" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert main(["key", "new"]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert main(["key", "show"]) == 0
    assert "PUBLIC KEY" in capsys.readouterr().out


def test_the_passphrase_comes_from_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["key", "new", "--passphrase", "--out", str(home / "k.pem")]
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words) == 2
    monkeypatch.setenv("STEELYARD_KEY_PASSPHRASE", "correct horse")
    assert main(words) == 0
    assert key_verb.signer(home / "k.pem").public
    told = capsys.readouterr()
    assert "correct horse" not in told.out + told.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["verify", "nowhere"], 2, "no such file"),
        (["verify"], 2, "required"),
        (["verify", "{home}"], 4, "no signed evidence"),
        (["verify", "{home}", "--key", "nowhere.pub"], 2, "nowhere.pub"),
        (["key", "show"], 2, "steelyard key new"),
        (["key", "trust", "nowhere.pub"], 2, "nowhere.pub"),
    ],
)
def test_bad_input_is_one_clear_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    assert main([word.format(home=home) for word in words]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_name_in_a_model_cannot_write_over_the_verdict(
    evidence: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "\r\x1b[2Kverified  all is well").write_bytes(b"x")
    assert main(["verify", str(evidence), "--model", str(model)]) == 1
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\r" not in told
    assert "added: ‹U+000D›‹U+001B›[2Kverified" in told


def test_an_error_about_a_name_cannot_steer_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(home / "\x1b[31mno")]) == 2
    assert "\x1b" not in capsys.readouterr().err
