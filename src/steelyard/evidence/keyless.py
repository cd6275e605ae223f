"""Signing with an identity (Sigstore): only with the `keyless` extra installed.

Signing needs the network: a log-in, a certificate authority and a public log. Verifying
needs none when the reader pins the trust configuration in a file; without one the current
configuration is fetched.
"""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cryptography import x509

from steelyard.errors import EvidenceError, InputError, UnavailableError
from steelyard.evidence.encoding import canonical
from steelyard.evidence.keys import PublicKey, checked
from steelyard.evidence.statement import PAYLOAD_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom to believe, according to whom."""

    subject: str
    """E-mail address or workflow URI in the certificate."""

    issuer: str
    """Who logged them in, e.g. `https://accounts.google.com`."""

    configuration: Path | None = None
    """Pinned trust configuration (Sigstore ClientTrustConfig JSON); None to fetch it."""


def signer(bundle: bytes, certificate: bytes, identity: Identity) -> PublicKey:
    """The key of a bundle that `identity` signed and a trusted log recorded.

    Raises:
        EvidenceError: certificate, log entry, identity or signature does not verify.
        InputError: the trust configuration cannot be read.
        UnavailableError: the extra is not installed, or the configuration can't be fetched.
    """
    errors, models, policy, verification = (
        _module(name) for name in ("errors", "models", "verify.policy", "verify")
    )
    verifier = verification.Verifier(trusted_root=_configuration(models, identity).trusted_root)
    wanted = policy.Identity(identity=identity.subject, issuer=identity.issuer)
    try:
        kind, _ = verifier.verify_dsse(models.Bundle.from_json(bundle), wanted)
    except (errors.Error, ValueError) as error:
        raise EvidenceError(f"certificate or log entry: {error}") from error
    if kind != PAYLOAD_TYPE:
        raise EvidenceError(f"payload: type {kind!r}, not {PAYLOAD_TYPE!r}")
    found = x509.load_der_x509_certificate(certificate)
    return PublicKey(checked(found.public_key()), f"{identity.subject} by {identity.issuer}")


def seal(payload: bytes, token: str = "") -> bytes:
    """A bundle around `payload`, signed by whoever logs in; online.

    Args:
        payload: The statement.
        token: OIDC token; empty for the ambient one (CI) or a browser log-in.

    Raises:
        UnavailableError: the extra is not installed, nobody logged in, or a service is
            out of reach.
    """
    errors, models, sign, oidc = (_module(name) for name in ("errors", "models", "sign", "oidc"))
    dsse = _module("dsse")
    try:
        trust = models.ClientTrustConfig.production()
        raw = token or oidc.detect_credential()
        who = (
            oidc.IdentityToken(raw)
            if raw
            else oidc.Issuer(trust.signing_config.get_oidc_url()).identity_token()
        )
        context = sign.SigningContext.from_trust_config(trust)
        with context.signer(who) as session:
            bundle = session.sign_dsse(dsse.Statement(payload))
    except (errors.Error, oidc.IdentityError, OSError) as error:
        raise UnavailableError(f"could not sign with an identity: {error}") from error
    return canonical(json.loads(bundle.to_json()))


def _configuration(models: Any, identity: Identity) -> Any:
    if identity.configuration is None:
        try:
            return models.ClientTrustConfig.production()
        except Exception as error:  # whatever a network client may raise
            raise UnavailableError(
                "the Sigstore trust configuration could not be fetched. Pin one: --trust-config"
            ) from error
    try:
        return models.ClientTrustConfig.from_json(identity.configuration.read_text())
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{identity.configuration}: not a trust configuration") from error


def _module(name: str) -> Any:
    try:
        return import_module(f"sigstore.{name}")
    except ImportError as error:
        raise UnavailableError(
            "signing with an identity needs an extra. Install it: pip install 'steelyard[keyless]'"
        ) from error
