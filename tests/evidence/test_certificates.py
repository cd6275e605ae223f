from datetime import timedelta

import pytest

from steelyard.errors import EvidenceError
from steelyard.evidence import certificates, envelope, signing
from steelyard.evidence.statement import Statement
from steelyard.evidence.verify import Authority, Trust, UntrustedError, verify
from tests.evidence.authority import NOW, Issued, Wish, issue

ROOT = issue(Wish(name="root", ca=True))
MIDDLE = issue(Wish(name="middle", ca=True), ROOT)
LEAF = issue(Wish(name="signer"), MIDDLE)


def key_of(*chain: Issued, root: Issued = ROOT) -> str:
    found = certificates.signer([each.der for each in chain], [root.certificate], NOW)
    return found.name


def test_a_chain_to_a_given_root_names_the_signer() -> None:
    assert key_of(LEAF, MIDDLE) == "CN=signer"
    assert key_of(LEAF, MIDDLE, ROOT) == "CN=signer"


def test_a_certificate_that_is_itself_trusted_needs_no_chain() -> None:
    alone = issue(Wish(name="self-signed"))
    assert key_of(alone, root=alone) == "CN=self-signed"


def test_the_usage_for_code_signing_is_enough() -> None:
    assert key_of(issue(Wish(name="x", sign=False, code=True), ROOT)) == "CN=x"


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        ([LEAF], "no chain"),
        ([issue(Wish(name="root", ca=True))], "may not be used for signing"),
        ([issue(Wish(name="stranger"))], "no chain"),
        ([issue(Wish(name="late", days=(-9, -1)), ROOT)], "valid from"),
        ([issue(Wish(name="early", days=(1, 9)), ROOT)], "valid from"),
        ([issue(Wish(name="mute", sign=False), ROOT)], "may not be used"),
        ([issue(Wish(name="web.example", server=True), ROOT)], "may not be used"),
        ([issue(Wish(name="x"), LEAF), LEAF, MIDDLE], "no chain"),
        ([issue(Wish(name="x"), issue(Wish(name="root", ca=True)))], "no chain"),
    ],
    ids=[
        "no middle",
        "a CA",
        "stranger",
        "expired",
        "not yet",
        "usage",
        "a web server",
        "not a CA",
        "same name",
    ],
)
def test_anything_else_is_no_signer(chain: list[Issued], why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        key_of(*chain)


def test_an_expired_issuer_is_no_issuer() -> None:
    old = issue(Wish(name="old", ca=True, days=(-20, -5)), ROOT)
    with pytest.raises(EvidenceError, match="no chain"):
        key_of(issue(Wish(name="x"), old), old)


def test_bytes_that_are_no_certificate_are_a_clean_refusal() -> None:
    with pytest.raises(EvidenceError, match=r"^certificate: "):
        certificates.signer([b"junk"], [ROOT.certificate], NOW)


def test_evidence_signed_with_a_certificate_verifies_by_its_root(statement: Statement) -> None:
    signer = signing.load(LEAF.private).certified(LEAF.pem + MIDDLE.pem)
    sealed = envelope.seal(statement.encode(), signer)
    trust = Trust(authority=Authority(roots=(ROOT.certificate,), now=NOW))
    assert verify(sealed, trust).by.name == "CN=signer"
    with pytest.raises(UntrustedError, match="root you trust"):
        verify(sealed, Trust())
    late = Authority(roots=(ROOT.certificate,), now=NOW + timedelta(days=30))
    with pytest.raises(EvidenceError, match="valid from"):
        verify(sealed, Trust(authority=late))
    with pytest.raises(EvidenceError, match="signature"):
        verify(sealed.replace(b'"sig":"ME', b'"sig":"MF'), trust)
