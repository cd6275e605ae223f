import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from steelyard.errors import InputError
from steelyard.evidence import keyring, keys, signing
from steelyard.evidence.keyring import Keyring


def test_a_saved_key_signs_the_same_after_loading(signer: signing.Signer, tmp_path: Path) -> None:
    signer.save(tmp_path / "k.pem")
    again = signing.load((tmp_path / "k.pem").read_bytes())
    assert again.public.pem == signer.public.pem
    public = keyring.read(tmp_path / "k.pub")
    assert public.is_signer_of(again.sign(b"data"), b"data")
    assert not public.is_signer_of(again.sign(b"data"), b"Data")
    assert not public.is_signer_of(b"", b"data")


def test_the_private_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    signing.generate().save(tmp_path / "deep" / "k.pem")
    assert stat.S_IMODE((tmp_path / "deep" / "k.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) & 0o077 == 0


def test_the_fingerprint_is_the_sha256_of_the_public_file(tmp_path: Path) -> None:
    signer = signing.generate("ed25519")
    signer.save(tmp_path / "k.pem")
    told = hashlib.sha256((tmp_path / "k.pub").read_bytes()).hexdigest()
    assert signer.public.fingerprint == told


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    signing.generate().save(tmp_path / "k.pem")
    before = (tmp_path / "k.pem").read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        signing.generate().save(tmp_path / "k.pem")
    (tmp_path / "k.pub").unlink()
    with pytest.raises(InputError, match="never overwritten"):
        signing.generate().save(tmp_path / "k.pem")
    assert (tmp_path / "k.pem").read_bytes() == before


def test_a_passphrase_is_needed_and_must_be_right(tmp_path: Path) -> None:
    signing.generate().save(tmp_path / "k.pem", "correct horse")
    pem = (tmp_path / "k.pem").read_bytes()
    assert b"ENCRYPTED" in pem
    assert signing.load(pem, "correct horse")
    with pytest.raises(InputError, match="needs its passphrase"):
        signing.load(pem)
    with pytest.raises(InputError, match="wrong passphrase"):
        signing.load(pem, "wrong")


def test_a_passphrase_for_a_key_without_one_is_an_error(tmp_path: Path) -> None:
    signing.generate().save(tmp_path / "k.pem")
    with pytest.raises(InputError, match="has no passphrase"):
        signing.load((tmp_path / "k.pem").read_bytes(), "x")


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256K1())]
)
def test_other_kinds_of_key_are_refused(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(InputError, match="Ed25519 or an ECDSA"):
        signing.load(pem)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(InputError, match="Ed25519 or an ECDSA"):
        keys.load(public)


@pytest.mark.parametrize("pem", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nxx\n-----END"])
def test_what_is_no_key_is_refused_in_one_line(pem: bytes) -> None:
    with pytest.raises(InputError, match="not a private key"):
        signing.load(pem)
    with pytest.raises(InputError, match=r"not a PEM public key|this is a private key"):
        keys.load(pem)


def test_the_own_key_is_made_once(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "steelyard")
    assert ring.public_keys() == ()
    first = signing.own(ring)
    assert signing.own(ring).public.pem == first.public.pem
    assert [key.pem for key in ring.public_keys()] == [first.public.pem]


def test_a_signer_never_shows_its_key() -> None:
    assert "Key" not in repr(signing.generate()).replace("signing.Signer", "")


def test_the_keyring_follows_the_xdg_convention(tmp_path: Path) -> None:
    assert keyring.default({"XDG_CONFIG_HOME": str(tmp_path)}).folder == tmp_path / "steelyard"
