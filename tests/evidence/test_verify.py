import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import EvidenceError, SteelyardError
from steelyard.evidence import envelope, signing
from steelyard.evidence.statement import Statement, Subject, predicate_type
from steelyard.evidence.verify import UntrustedError, verify

SIGNER = signing.generate("ed25519")
STATEMENT = Statement(
    subject=(Subject(name="m", digest={"sha256": "ab" * 32}),),
    predicate_type=predicate_type("audit"),
    predicate={"figure": 0.25},
)
BUNDLE = envelope.seal(STATEMENT.encode(), SIGNER)


def test_a_statement_signed_by_a_trusted_key_verifies(
    signer: signing.Signer, statement: Statement
) -> None:
    other = signing.generate("p256").public
    found = verify(envelope.seal(statement.encode(), signer), [other, signer.public])
    assert found.statement == statement
    assert found.by == signer.public


def test_a_key_that_is_not_trusted_is_named_and_nothing_is_believed() -> None:
    with pytest.raises(UntrustedError, match=SIGNER.public.fingerprint):
        verify(BUNDLE, [signing.generate("ed25519").public])


def test_another_keys_signature_under_a_trusted_name_does_not_verify() -> None:
    liar = signing.generate("ed25519")
    forged = envelope.seal(STATEMENT.encode(), liar).replace(
        liar.public.fingerprint.encode(), SIGNER.public.fingerprint.encode()
    )
    with pytest.raises(EvidenceError, match=r"^signature: not by key"):
        verify(forged, [SIGNER.public])


def test_a_bundle_that_names_no_key_is_tried_with_every_trusted_one() -> None:
    unnamed = json.loads(BUNDLE)
    unnamed["verificationMaterial"]["publicKey"] = {}
    foreign = json.dumps(unnamed).encode()
    with pytest.raises(UntrustedError):
        verify(foreign, [signing.generate("ed25519").public])
    # The payload is intact, but our own evidence always names its key.
    with pytest.raises(EvidenceError, match=r"^envelope: the signed payload is intact"):
        verify(foreign, [SIGNER.public])


def test_reformatting_our_evidence_is_caught_and_said_to_be_harmless() -> None:
    with pytest.raises(EvidenceError, match="payload is intact"):
        verify(json.dumps(json.loads(BUNDLE), indent=1).encode(), [SIGNER.public])


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b'{"a":1,"a":2}', b"\xff", b'{"a":NaN}'])
def test_a_signed_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(EvidenceError, match=r"^payload"):
        verify(envelope.seal(payload, SIGNER), [SIGNER.public])


def test_a_signed_payload_of_another_type_is_refused() -> None:
    sealed = envelope.seal(STATEMENT.encode(), SIGNER, "text/plain")
    with pytest.raises(EvidenceError, match="payload: type"):
        verify(sealed, [SIGNER.public])


def test_a_statement_about_nothing_is_refused() -> None:
    nothing = Statement(subject=(), predicate_type="x", predicate={})
    with pytest.raises(EvidenceError, match="about nothing"):
        verify(envelope.seal(nothing.encode(), SIGNER), [SIGNER.public])


def test_changing_the_payload_and_changing_the_signature_are_both_named() -> None:
    whole = json.loads(BUNDLE)
    for part in ("payload", "sig"):
        place = whole["dsseEnvelope"]
        place = place if part == "payload" else place["signatures"][0]
        before = place[part]
        data = bytearray(base64.b64decode(before))
        data[len(data) // 2] ^= 1
        place[part] = base64.b64encode(data).decode()
        with pytest.raises(EvidenceError, match="signature: not by key"):
            verify(json.dumps(whole).encode(), [SIGNER.public])
        place[part] = before


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_no_single_changed_byte_ever_verifies(place: int, flip: int) -> None:
    changed = bytearray(BUNDLE)
    changed[place] ^= flip
    with pytest.raises(SteelyardError):
        verify(bytes(changed), [SIGNER.public])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BUNDLE)), st.integers(0, 40), st.binary(max_size=40))
def test_no_replaced_cut_or_inserted_piece_ever_verifies(
    place: int, size: int, piece: bytes
) -> None:
    changed = BUNDLE[:place] + piece + BUNDLE[place + size :]
    if changed == BUNDLE:
        return
    with pytest.raises(SteelyardError):
        verify(changed, [SIGNER.public])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["mediaType", "verificationMaterial", "dsseEnvelope", "publicKey", "certificate", "hint"]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_any_json_in_place_of_a_bundle_is_a_clean_refusal(value: dict[str, object]) -> None:
    whole = json.loads(BUNDLE) | value
    if whole == json.loads(BUNDLE):
        return
    with pytest.raises(SteelyardError):
        verify(json.dumps(whole).encode("utf-8", "surrogatepass"), [SIGNER.public])


@pytest.mark.parametrize(
    "depth", [100, 300, 500, 700, 900, 950, 980, 990, 995, 1000, 5000, 100_000]
)
def test_nesting_of_any_depth_is_a_clean_answer(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    payload = STATEMENT.encode().replace(b'"figure":0.25', b'"figure":' + deep.encode())
    whole = BUNDLE.replace(b'"tlogEntries":[]', f'"tlogEntries":[{{"a":{deep}}}]'.encode())
    with suppress(SteelyardError):
        verify(envelope.seal(payload, SIGNER), [SIGNER.public])
    with pytest.raises(SteelyardError):
        verify(whole, [SIGNER.public])
