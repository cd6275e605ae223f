"""OpenSSF Model Signing in both directions, against its own tool in its own environment."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steelyard.cli.main import main
from steelyard.evidence import signing
from tests.evidence.authority import Wish, issue
from tests.peers import environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tool() -> Path:
    # pyopenssl: model-signing 1.1.1 imports it without declaring it.
    return environment("model-signing==1.1.1", "pyopenssl", "blake3")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def model(home: Path) -> Path:
    root = home / "model"
    files = {"a.txt": b"1", "a/b": b"2", "w.bin": os.urandom(3_000_000), ".gitattributes": b""}
    for name, data in (files | {"größe.txt": b"u"}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def peer(tool: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [str(tool), "-m", "model_signing", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def damage(model: Path, how: str) -> None:
    if how == "flip":
        data = bytearray((model / "w.bin").read_bytes())
        data[len(data) // 2] ^= 1
        (model / "w.bin").write_bytes(data)
    elif how == "rename":
        (model / "w.bin").rename(model / "w.pkl")
    else:
        (model / "evil.py").write_text("")


DAMAGES = ["flip", "rename", "add"]


@pytest.mark.parametrize("algorithm", ["p256", "p384", "p521"])
def test_the_tool_verifies_our_signature_and_refuses_a_damaged_model(
    tool: Path, home: Path, model: Path, algorithm: str
) -> None:
    assert main(["key", "new", "--algorithm", algorithm, "--out", str(home / "k.pem")]) == 0
    assert main(["sign", str(model), "--key", str(home / "k.pem")]) == 0

    def ask() -> subprocess.CompletedProcess[str]:
        signature = model / "model.sig"
        return peer(
            tool, "verify", "key", model, "--public_key", home / "k.pub", "--signature", signature
        )

    assert ask().returncode == 0, ask().stderr
    for how in DAMAGES if algorithm == "p256" else DAMAGES[:1]:
        kept = {path: path.read_bytes() for path in model.iterdir() if path.is_file()}
        damage(model, how)
        assert ask().returncode == 1, how
        for path in model.iterdir():
            if path.is_file() and path not in kept:
                path.unlink()
        for path, data in kept.items():
            path.write_bytes(data)
    assert ask().returncode == 0


@pytest.mark.parametrize("how", ["", *DAMAGES])
def test_we_verify_the_tools_signature_and_refuse_a_damaged_model(
    tool: Path, home: Path, model: Path, how: str
) -> None:
    signing.generate("p384").save(home / "k.pem")
    done = peer(
        tool, "sign", "key", model, "--private_key", home / "k.pem",
        "--signature", model / "model.sig",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if how:
        damage(model, how)
    assert main(["verify", str(model), "--key", str(home / "k.pub")]) == (1 if how else 0)


def test_the_tools_ignored_files_are_refused_until_accepted(
    tool: Path, home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signing.generate().save(home / "k.pem")
    done = peer(
        tool, "sign", "key", model, "--ignore-paths", model / "a",
        "--private_key", home / "k.pem", "--signature", home / "outside.sig",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    words = ["verify", str(home / "outside.sig"), "--model", str(model)]
    words += ["--key", str(home / "k.pub")]
    assert main(words) == 1
    assert "chose to leave out a (there now: a)" in capsys.readouterr().out
    assert main([*words, "--allow-ignored"]) == 0
    assert "not covered by the signature: .gitattributes, a" in capsys.readouterr().out


def test_a_single_file_goes_both_ways(tool: Path, home: Path) -> None:
    file = home / "m.gguf"
    file.write_bytes(os.urandom(10_000))
    assert main(["key", "new"]) == 0
    assert main(["sign", str(file)]) == 0
    public = home / "config" / "steelyard" / "key.pub"
    ours = peer(
        tool, "verify", "key", file, "--public_key", public, "--signature", home / "m.gguf.sig"
    )
    assert ours.returncode == 0, ours.stderr
    private = public.with_suffix(".pem")
    words = ("--private_key", private, "--signature", home / "t.sig")
    theirs = peer(tool, "sign", "key", file, *words)
    assert theirs.returncode == 0, theirs.stderr
    assert main(["verify", str(home / "t.sig"), "--model", str(file)]) == 0
    file.write_bytes(os.urandom(10_000))
    assert main(["verify", str(home / "t.sig"), "--model", str(file)]) == 1


def test_certificates_go_both_ways(tool: Path, home: Path, model: Path) -> None:
    now = datetime.now(UTC)
    root = issue(Wish(name="root", ca=True), now=now)
    middle = issue(Wish(name="middle", ca=True), root, now)
    leaf = issue(Wish(name="signer", code=True), middle, now)
    for name, data in {
        "root": root.pem, "middle": middle.pem, "leaf": leaf.pem, "key": leaf.private,
        "chain": leaf.pem + middle.pem,
    }.items():  # fmt: skip
        (home / f"{name}.pem").write_bytes(data)
    trust = ["--root", str(home / "root.pem")]
    signature = home / "ours.sig"
    assert main(
        ["sign", str(model), "--key", str(home / "key.pem"), "--certificate",
         str(home / "chain.pem"), "--signature", str(signature)]
    ) == 0  # fmt: skip
    ours = peer(
        tool, "verify", "certificate", model, "--certificate_chain", home / "root.pem",
        "--signature", signature,
    )  # fmt: skip
    assert ours.returncode == 0, ours.stderr
    theirs = peer(
        tool, "sign", "certificate", model, "--private_key", home / "key.pem",
        "--signing_certificate", home / "leaf.pem", "--certificate_chain", home / "middle.pem",
        "--signature", home / "theirs.sig",
    )  # fmt: skip
    assert theirs.returncode == 0, theirs.stderr
    words = ["verify", str(home / "theirs.sig"), "--model", str(model)]
    assert main([*words, *trust]) == 0
    assert main(words) == 4
    damage(model, "flip")
    assert main([*words, *trust]) == 1


@pytest.mark.parametrize(
    ("method", "algorithm"),
    [("shard", "sha256"), ("file", "blake2"), ("shard", "blake2")],
)
def test_the_tools_other_serialisations_verify(
    tool: Path, home: Path, model: Path, method: str, algorithm: str
) -> None:
    signing.generate().save(home / "k.pem")
    use = f"use_{method}_serialization"
    size = ", shard_size=1000000" if method == "shard" else ""
    script = (
        "import model_signing as m\n"
        f"h = m.hashing.Config().{use}(hashing_algorithm={algorithm!r}{size})\n"
        f"s = m.signing.Config().use_elliptic_key_signer(private_key={str(home / 'k.pem')!r})\n"
        f"s.set_hashing_config(h).sign({str(model)!r}, {str(home / 's.sig')!r})\n"
    )
    subprocess.run([str(tool), "-c", script], check=True)
    words = ["verify", str(home / "s.sig"), "--model", str(model), "--key", str(home / "k.pub")]
    assert main(words) == 0
    damage(model, "flip")
    assert main(words) == 1
