"""Signing certificates, checked offline against roots that the reader names."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from steelyard.errors import EvidenceError, InputError
from steelyard.evidence.keys import PublicKey, checked


def load(path: Path) -> tuple[x509.Certificate, ...]:
    """The PEM certificates in a file.

    Raises:
        InputError: no such file, or none in it.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: not PEM certificates") from error


def signer(chain: Sequence[bytes], roots: Sequence[x509.Certificate], now: datetime) -> PublicKey:
    """The key of `chain[0]` (DER), once a root vouches for it.

    1. Every certificate parses; the first holds a key that we verify with.
    2. The first may sign: key usage digitalSignature, or extended key usage codeSigning; and
       extended usages, where there are any, are not all for something else (RFC 5280
       §4.2.1.12: both must be met), or every web server under the root could sign models.
    3. It is within its validity at `now`, and
    4. it is one of `roots` itself, or a chain of valid CA certificates leads to one.

    Nothing here asks the network: revocation is not checked, and there is no timestamp
    that would let an expired certificate stand (as the OpenSSF specification §8.2 wants;
    the OpenSSF tool judges at the certificate's first day, and accepts expired ones).

    Raises:
        EvidenceError: a step fails; the message says which.
    """
    try:
        first, *others = (x509.load_der_x509_certificate(each) for each in chain)  # 1
        key = PublicKey(checked(first.public_key(), "certificate"), _name(first))
        allowed = _may_sign(first)
    except (ValueError, InputError, x509.DuplicateExtension) as error:
        raise EvidenceError(f"certificate: {error}") from error
    if not allowed:  # 2
        raise EvidenceError(f"certificate: {key.name} may not be used for signing")
    if not first.not_valid_before_utc <= now <= first.not_valid_after_utc:  # 3
        raise EvidenceError(
            f"certificate: {key.name} is valid from {first.not_valid_before_utc:%Y-%m-%d} "
            f"to {first.not_valid_after_utc:%Y-%m-%d} only"
        )
    if first not in roots:  # 4
        _chain(first, others, roots, now)
    return key


def _chain(
    first: x509.Certificate,
    others: list[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    # A certificate for signing models names no host, so the web's rules for one don't apply;
    # what makes a CA a CA stays.
    authority = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
    )
    builder = (
        PolicyBuilder()
        .store(Store(list(roots)))
        .time(now)
        .extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
    )
    try:
        builder.build_client_verifier().verify(first, others)
    except VerificationError as error:
        raise EvidenceError(
            f"certificate: no chain from {_name(first)} to a root you gave: {error}"
        ) from error


def _is_authority(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    if not constraints.ca:
        raise ValueError("not a certificate authority")


def _may_certify(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("may not sign certificates")


def _may_sign(certificate: x509.Certificate) -> bool:
    found = certificate.extensions
    try:
        usage = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return _signs_digitally(found)
    if ExtendedKeyUsageOID.CODE_SIGNING in usage:
        return True
    return ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage and _signs_digitally(found)


def _signs_digitally(found: x509.Extensions) -> bool:
    try:
        return found.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return False


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "a certificate without a name"


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)
