import base64
import json
from typing import Any

import pytest

from steelyard.errors import EvidenceError
from steelyard.evidence import envelope, signing
from steelyard.evidence.envelope import Chain, KeyHint, Keyless
from steelyard.evidence.statement import Statement


def bundle(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "mediaType": envelope.MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": "ab"}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(b"{}").decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": base64.b64encode(b"s").decode(), "keyid": ""}],
        },
    }
    return json.dumps(whole | changes).encode()


def test_the_pre_authentication_encoding_is_the_one_of_the_dsse_protocol() -> None:
    # From: secure-systems-lab/dsse, protocol.md, test vector "hello world".
    told = envelope.pae("http://example.com/HelloWorld", b"hello world")
    assert told == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelope.pae("ü", b"") == "DSSEv1 2 ü 0 ".encode()


def test_what_is_sealed_can_be_opened(signer: signing.Signer, statement: Statement) -> None:
    data = envelope.seal(statement.encode(), signer)
    found = envelope.open(data)
    assert found.payload == statement.encode()
    assert found.material == KeyHint(signer.public.fingerprint)
    assert envelope.is_as_written(data, found)


def test_a_foreign_bundle_with_key_id_and_spaces_is_read() -> None:
    assert envelope.open(bundle()).signature == b"s"
    assert not envelope.is_as_written(bundle(), envelope.open(bundle()))


def test_the_three_kinds_of_material_are_told_apart() -> None:
    raw = {"rawBytes": base64.b64encode(b"c").decode()}
    chain = {"verificationMaterial": {"x509CertificateChain": {"certificates": [raw]}}}
    assert envelope.open(bundle(**chain)).material == Chain((b"c",))
    keyless = {"verificationMaterial": {"certificate": raw, "tlogEntries": [{"logIndex": "1"}]}}
    assert envelope.open(bundle(**keyless)).material == Keyless(b"c")
    old = {"verificationMaterial": {"publicKey": {"rawBytes": "YQ==", "keyDetails": "X"}}}
    assert envelope.open(bundle(**old)).material == KeyHint("")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "JSON"),
        (b"[]", "Expected"),
        ("{}".encode("utf-16"), "utf-8"),
        (b"\xef\xbb\xbf" + bundle(), "BOM"),
        (bundle()[:-1] + b', "mediaType": "x"}', "twice"),
        (bundle(extra=1), "unknown field"),
        (bundle(extra=float("nan")), "not a JSON number"),
        (bundle()[:-1] + b', "extra": 1e999}', "too large"),
        (b"[" * 100_000, "recursion"),
        (bundle(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2"), "media type"),
        (bundle(verificationMaterial={}), "exactly one"),
        (bundle(verificationMaterial={"publicKey": {}, "certificate": {"rawBytes": ""}}), "one"),
        (bundle(verificationMaterial={"x509CertificateChain": {"certificates": []}}), "empty"),
        (bundle(verificationMaterial={"certificate": {"rawBytes": "YQ=="}}), "in no log"),
        (bundle(messageSignature={}), "unknown field"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        envelope.open(data)


@pytest.mark.parametrize(
    ("signatures", "why"),
    [([], "0 signatures"), ([{"sig": "YQ=="}] * 2, "2 signatures"), ([{"sig": "YR=="}], "stray")],
)
def test_exactly_one_signature_in_strict_base64(signatures: list[Any], why: str) -> None:
    dsse = {"payload": "YQ==", "payloadType": "t", "signatures": signatures}
    with pytest.raises(EvidenceError, match=why):
        envelope.open(bundle(dsseEnvelope=dsse))


def test_a_huge_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "LARGEST", 10)
    with pytest.raises(EvidenceError, match="at most"):
        envelope.open(bundle())
