import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import EvidenceError
from steelyard.evidence import merkle, note, signing
from steelyard.evidence.keys import PublicKey
from steelyard.evidence.note import Checkpoint, Proof

KEEPER = signing.generate("ed25519")
CHECKPOINT = Checkpoint("example.com/log", 1, merkle.leaf(b"entry"))
NOTE = note.sign(CHECKPOINT, KEEPER)
PROOF = Proof(0, (), NOTE)


def test_a_published_key_has_its_published_id() -> None:
    # From: the verifier key of the Go checksum database, sum.golang.org+033de0ae+….
    raw = base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    assert raw[0] == 1
    key = PublicKey(ed25519.Ed25519PublicKey.from_public_bytes(raw[1:]))
    assert note.key_id("sum.golang.org", key).hex() == "033de0ae"


def test_a_checkpoint_reads_as_the_specification_shows() -> None:
    lines = NOTE.split("\n")
    assert lines[:2] == ["example.com/log", "1"]
    assert lines[3] == ""
    assert lines[4].startswith("— example.com/log ")
    assert NOTE.endswith("\n")


def test_a_signed_checkpoint_verifies(signer: signing.Signer) -> None:
    told = note.sign(CHECKPOINT, signer)
    assert note.verify(told, [KEEPER.public, signer.public]) == (CHECKPOINT, signer.public)


def test_signatures_of_strangers_are_ignored() -> None:
    other = note.sign(CHECKPOINT, signing.generate("ed25519")).split("\n\n")[1]
    assert note.verify(NOTE + other, [KEEPER.public])[0] == CHECKPOINT
    with pytest.raises(EvidenceError, match="no key that you trust"):
        note.verify(NOTE, [signing.generate("ed25519").public])


def test_a_known_key_whose_signature_fails_spoils_the_note() -> None:
    wrong = note.sign(Checkpoint("example.com/log", 2, bytes(32)), KEEPER).split("\n\n")[1]
    with pytest.raises(EvidenceError, match="does not verify"):
        note.verify(NOTE + wrong, [KEEPER.public])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\n1\nAAAA\n",
        "a\n1\n\n— a AAAA\n",
        "a\n01\n" + "A" * 43 + "=\n\n— a AAAA\n",
        "a\n1\nAAAA\n\n— a AAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\nno signature\n",
        "a\t\n1\n" + "A" * 43 + "=\n\n— a AAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        note.verify(text, [KEEPER.public])


def test_a_proof_survives_the_file() -> None:
    proof = Proof(5, (b"a" * 32, b"b" * 32), NOTE)
    assert note.read_proof(proof.encode()) == proof
    extra = proof.encode().replace(b"index", b"extra eA==\nindex", 1)
    assert note.read_proof(extra) == proof


def test_a_proof_is_of_its_entry_only() -> None:
    assert note.verify_proof(PROOF, b"entry", [KEEPER.public]) == CHECKPOINT
    with pytest.raises(EvidenceError, match="something else"):
        note.verify_proof(PROOF, b"Entry", [KEEPER.public])


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(PROOF.encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_proof_ever_verifies(place: int, flip: int) -> None:
    changed = bytearray(PROOF.encode())
    changed[place] ^= flip
    with pytest.raises(EvidenceError):
        note.verify_proof(note.read_proof(bytes(changed)), b"entry", [KEEPER.public])
