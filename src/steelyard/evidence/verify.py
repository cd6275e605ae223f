"""Whether an envelope can be believed, and who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from steelyard.errors import EvidenceError, UnavailableError
from steelyard.evidence import certificates, keyless
from steelyard.evidence import envelope as envelopes
from steelyard.evidence.envelope import Chain, Envelope, KeyHint, Keyless
from steelyard.evidence.keys import PublicKey
from steelyard.evidence.statement import PAYLOAD_TYPE, PREDICATE_ROOT, STATEMENT_TYPE, Statement
from steelyard.evidence.statement import read as read_statement


class UntrustedError(UnavailableError):
    """The signer is not among the keys that the reader trusts, so nothing was checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Root certificates that may vouch for a signer."""

    roots: tuple[x509.Certificate, ...]
    now: datetime
    """The moment at which certificates must be valid; with a time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the reader believes."""

    keys: tuple[PublicKey, ...] = ()
    authority: Authority | None = None
    identity: keyless.Identity | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement that its signer really made. What it says may still be wrong."""

    statement: Statement
    by: PublicKey


def verify(bundle: bytes, trust: Trust | Sequence[PublicKey]) -> Verified:
    """Verify one envelope against what the reader trusts: keys, roots or an identity.

    1. Read the bundle strictly (`envelope.open`).
    2. Find the signer's key: a trusted key that the bundle names; or that of a certificate
       which leads to a trusted root (`certificates.signer`); or that of the trusted
       identity, as logged (`keyless.signer`). A bundle cannot bring its own trust.
    3. Check the signature over the payload bytes as received.
    4. Only now read the payload, which must be an in-toto Statement v1 with a subject.
    5. Evidence of our own predicates must be, byte for byte, as it was written: nothing
       outside the payload may have been changed or added either.

    What the statement says about a model, the caller must still compare with the model.

    Raises:
        UntrustedError: the signer is none of those trusted (step 2).
        EvidenceError: any other step fails; the message begins with the part that is
            wrong: envelope, certificate, signature, payload.
    """
    trusted = trust if isinstance(trust, Trust) else Trust(keys=tuple(trust))
    found = envelopes.open(bundle)  # 1
    key = _signer(found, bundle, trusted)  # 2
    if not key.is_signer_of(found.signature, found.signed_bytes()):  # 3
        raise EvidenceError(
            f"signature: not by key {key.fingerprint} over this payload: one of the two was changed"
        )
    statement = _statement(found)  # 4
    ours = statement.predicate_type.startswith(PREDICATE_ROOT + "/")
    if ours and not envelopes.is_as_written(bundle, found):  # 5
        raise EvidenceError(
            "envelope: the signed payload is intact, but the file around it is not as it was "
            "written (reformatted, or something added)"
        )
    return Verified(statement, key)


def _signer(found: Envelope, bundle: bytes, trust: Trust) -> PublicKey:
    match found.material:
        case KeyHint(fingerprint):
            return _named_key(fingerprint, found, trust.keys)
        case Chain(chain):
            if trust.authority is None:
                raise UntrustedError("signed with a certificate; give the root you trust (--root)")
            return certificates.signer(chain, trust.authority.roots, trust.authority.now)
        case Keyless(certificate):
            if trust.identity is None:
                raise UntrustedError(
                    "signed with an identity; give the one you trust (--identity, --issuer)"
                )
            return keyless.signer(bundle, certificate, trust.identity)


def _named_key(fingerprint: str, found: Envelope, keys: Sequence[PublicKey]) -> PublicKey:
    for key in keys:
        if key.fingerprint == fingerprint:
            return key
        # Before model-signing 1.1, bundles named no key.
        if not fingerprint and key.is_signer_of(found.signature, found.signed_bytes()):
            return key
    if not fingerprint:
        raise UntrustedError("signed by a key that it does not name, and by none you trust")
    raise UntrustedError(
        f"signed by key {fingerprint!r}, which you have not said you trust, so the signature "
        "was not checked"
    )


def _statement(found: Envelope) -> Statement:
    if found.payload_type != PAYLOAD_TYPE:
        raise EvidenceError(f"payload: type {found.payload_type!r}, not {PAYLOAD_TYPE!r}")
    try:
        statement = read_statement(found.payload)
    except EvidenceError as error:
        raise EvidenceError(f"payload: {error}") from error
    if statement.type_ != STATEMENT_TYPE:
        raise EvidenceError(f"payload: {statement.type_!r} is not an in-toto Statement v1")
    if not statement.subject:
        raise EvidenceError("payload: a statement about nothing: it has no subject")
    return statement
