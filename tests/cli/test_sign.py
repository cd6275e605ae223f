"""`steelyard sign` and `steelyard verify` on a signed model."""

from pathlib import Path

import pytest

from steelyard.cli.main import main
from steelyard.evidence import envelope, oms
from steelyard.evidence.statement import read


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def model(home: Path) -> Path:
    root = home / "model"
    for name in ("w.bin", "config.json", "sub/t.json", ".gitattributes"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    assert main(["sign", str(root)]) == 0
    return root


def test_a_signed_model_verifies_and_says_what_is_not_covered(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["verify", str(model)]) == 0
    told = capsys.readouterr().out
    assert "3 of 3 files of model are as signed; not covered by the signature: .gitattr" in told
    assert "manifest/v1 about model" in told


def test_both_digests_stand_in_the_manifests_subject(model: Path) -> None:
    found = read(envelope.open((model / "model.manifest").read_bytes()).payload)
    theirs = read(envelope.open((model / "model.sig").read_bytes()).payload)
    assert found.subject[0].digest["omsRoot"] == theirs.subject[0].digest["sha256"]
    assert found.subject[0].digest["sha256"] != found.subject[0].digest["omsRoot"]
    assert theirs.predicate_type == oms.PREDICATE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: (m / "w.bin").write_text("W.bin"), "changed: w.bin"),
        (lambda m: (m / "w.bin").rename(m / "w.pkl"), "renamed: w.bin is now w.pkl"),
        (lambda m: (m / "sub/t.json").unlink(), "missing: sub/t.json"),
        (lambda m: (m / "sub/model.sig").write_text("x"), "added: sub/model.sig"),
        # Not covered by OMS; our manifest covers it.
        (lambda m: (m / ".gitattributes").write_text("x"), "changed: .gitattributes"),
    ],
)
def test_every_change_of_the_model_is_named(
    model: Path, capsys: pytest.CaptureFixture[str], change: object, told: str
) -> None:
    assert callable(change)
    change(model)
    assert main(["verify", str(model)]) == 1
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", ["model.sig", "model.manifest"])
def test_every_flipped_byte_of_the_signatures_is_caught(
    model: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    data = (model / name).read_bytes()
    for place in range(0, len(data), 97):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        (model / name).write_bytes(changed)
        code = main(["verify", str(model)])
        told = capsys.readouterr()
        assert code in (1, 4), place
        assert "Traceback" not in told.out + told.err


def test_only_the_files_asked_for_are_checked(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "w.bin").write_text("changed")
    assert main(["verify", str(model / "model.sig"), "--only", "sub"]) == 0
    assert "1 of 3 files" in capsys.readouterr().out
    assert main(["verify", str(model / "model.sig"), "--only", "w.bin"]) == 1


def test_a_signature_outside_the_model_needs_to_be_told_which(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("model.sig", "model.manifest"):
        (model / name).unlink()
    signature = home / "out" / "release.sig"
    signature.parent.mkdir()
    assert main(["sign", str(model), "--signature", str(signature)]) == 0
    assert main(["verify", str(signature)]) == 4
    assert "--model must say" in capsys.readouterr().out
    assert main(["verify", str(signature), "--model", str(model)]) == 0
    assert main(["verify", str(home / "out"), "--model", str(model)]) == 0


def test_a_signature_under_another_name_inside_the_model_leaves_itself_out(model: Path) -> None:
    for name in ("model.sig", "model.manifest"):
        (model / name).unlink()
    assert main(["sign", str(model), "--signature", str(model / "sub" / "release.sig")]) == 0
    assert main(["verify", str(model / "sub" / "release.sig"), "--model", str(model)]) == 0
    assert main(["verify", str(model / "sub" / "release.manifest"), "--model", str(model)]) == 0


def test_a_single_file_is_signed_beside_itself(home: Path) -> None:
    file = home / "m.gguf"
    file.write_bytes(b"GGUF")
    assert main(["sign", str(file)]) == 0
    assert (home / "m.gguf.sig").exists()
    assert main(["verify", str(file)]) == 0
    file.write_bytes(b"GGUG")
    assert main(["verify", str(file)]) == 1


def test_a_link_inside_is_signed_and_checked(home: Path) -> None:
    root = home / "linked"
    root.mkdir()
    (root / "1").write_text("x")
    (root / "2").symlink_to("1")
    assert main(["sign", str(root)]) == 0
    assert main(["verify", str(root)]) == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["sign", "nowhere"], 2, "no such file"),
        (["sign", "{model}"], 2, "--force"),
        (["sign", "{model}", "--force", "--key", "nowhere.pem"], 2, "nowhere.pem"),
        (["sign", "{model}", "--force", "--certificate", "{model}/w.bin"], 2, "not PEM"),
        (["sign", "{home}/config"], 0, ""),
        (["verify", "{model}/w.bin"], 4, "nothing signed"),
        (["verify", "{model}", "--identity", "a@b"], 2, "belong together"),
        (["verify", "{model}", "--root", "{model}/w.bin"], 2, "not PEM"),
    ],
)
def test_bad_input_is_one_clear_line(
    model: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    assert main([word.format(home=model.parent, model=model) for word in words]) == code
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said


def test_an_ed25519_key_cannot_sign_for_the_openssf_tool(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "m.bin").write_text("x")
    assert main(["key", "new", "--algorithm", "ed25519", "--out", str(home / "k.pem")]) == 0
    assert main(["sign", str(home / "m.bin"), "--key", str(home / "k.pem")]) == 2
    assert "--algorithm p256" in capsys.readouterr().err
    assert not (home / "m.bin.sig").exists()


def test_signing_with_an_identity_says_what_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "m.bin").write_text("x")
    code = main(["sign", str(home / "m.bin"), "--keyless"])
    assert code == 4
    assert "steelyard" in capsys.readouterr().err
    assert not (home / "m.bin.sig").exists()


def test_a_logged_signature_is_proved_with_the_log_and_without_it(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = home / "log"
    assert main(["sign", str(model), "--force", "--log", str(log)]) == 0
    capsys.readouterr()
    assert main(["verify", str(model)]) == 0
    assert capsys.readouterr().out.count("; logged by steelyard.dev/log/") == 2
    assert main(["verify", str(model), "--log", str(log)]) == 0
    assert f"entry 0 of {log}" in capsys.readouterr().out
    entries = (log / "entries").read_bytes()
    (log / "entries").write_bytes(entries.replace(b"envelope", b"envelop3", 1))
    assert main(["verify", str(model), "--log", str(log)]) == 1
    assert "not those that were signed" in capsys.readouterr().out


def test_a_signature_that_was_replaced_is_not_the_logged_one(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", str(model), "--force", "--log", str(home / "log")]) == 0
    proof = model / "model.sig.tlog-proof"
    kept = proof.read_bytes()
    assert main(["sign", str(model), "--force"]) == 0
    assert not proof.exists()
    proof.write_bytes(kept)
    assert main(["verify", str(model)]) == 1
    assert "is something else" in capsys.readouterr().out
    assert main(["verify", str(model), "--log", str(home / "log")]) == 1
    assert "does not hold this" in capsys.readouterr().out
