"""A signed statement: DSSE in a Sigstore bundle.

What is signed is the pre-authentication encoding of the payload *as received*, so no two
readers need to agree on a canonical JSON. Around it, this reader is strict: one signature,
canonical base64, no unknown and no repeated fields.

Source: github.com/secure-systems-lab/dsse protocol.md v1.0.2; sigstore/protobuf-specs
sigstore_bundle.proto, v0.3. Where we differ: a bundle with several signatures is refused
(which of them counts would be the reader's guess), and so is one over a bare file.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from steelyard.errors import EvidenceError
from steelyard.evidence.encoding import canonical, decode
from steelyard.evidence.statement import PAYLOAD_TYPE
from steelyard.evidence.value import Value

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
LARGEST = 64 * 1024 * 1024
"""Bytes. A larger bundle is refused unread."""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """Signed by a key that the reader must already have."""

    fingerprint: str
    """SHA-256, hexadecimal, of the public key's PEM text: `sha256sum key.pub`. Empty in
    old bundles, which name no key."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Signed by the key of the first certificate."""

    certificates: tuple[bytes, ...]
    """DER, the signer's first, then its issuers."""


@dataclass(frozen=True, slots=True)
class Keyless:
    """Signed with an identity: a short-lived certificate, and an entry in a public log."""

    certificate: bytes
    """DER."""


Material = KeyHint | Chain | Keyless


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a bundle holds; nothing in it is believed before `verify`."""

    payload_type: str
    payload: bytes
    signature: bytes
    material: Material

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return pae(self.payload_type, self.payload)


class Signs(Protocol):
    """What `seal` needs of a signer."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""

    @property
    def material(self) -> KeyHint | Chain:
        """What tells a reader whose signature it is."""


class _Key(Value, frozen=True, kw_only=True, omit_defaults=True):
    hint: str | None = None
    raw_bytes: str | None = msgspec.field(name="rawBytes", default=None)
    key_details: str | None = msgspec.field(name="keyDetails", default=None)


class _Certificate(Value, frozen=True, kw_only=True):
    raw_bytes: str = msgspec.field(name="rawBytes")


class _CertificateChain(Value, frozen=True, kw_only=True):
    certificates: tuple[_Certificate, ...]


class _Material(Value, frozen=True, kw_only=True, omit_defaults=True):
    public_key: _Key | None = msgspec.field(name="publicKey", default=None)
    chain: _CertificateChain | None = msgspec.field(name="x509CertificateChain", default=None)
    certificate: _Certificate | None = None
    tlog_entries: tuple[dict[str, Any], ...] | None = msgspec.field(
        name="tlogEntries", default=None
    )
    timestamps: dict[str, Any] | None = msgspec.field(
        name="timestampVerificationData", default=None
    )


class _Signature(Value, frozen=True, kw_only=True, omit_defaults=True):
    sig: str
    keyid: str | None = None


class _Dsse(Value, frozen=True, kw_only=True):
    payload: str
    payload_type: str = msgspec.field(name="payloadType")
    signatures: tuple[_Signature, ...]


class Bundle(Value, frozen=True, kw_only=True):
    """The file's own shape; `Envelope` is what a reader needs of it."""

    media_type: str = msgspec.field(name="mediaType")
    material: _Material = msgspec.field(name="verificationMaterial")
    envelope: _Dsse = msgspec.field(name="dsseEnvelope")


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding.

    Example:
        >>> pae("http://example.com/HelloWorld", b"hello world")
        b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, signer: Signs, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The bundle's bytes: `payload` signed by `signer`, in canonical JSON."""
    signature = signer.sign(pae(payload_type, payload))
    return _written(Envelope(payload_type, payload, signature, signer.material))


def open(data: bytes) -> Envelope:  # noqa: A001 (the counterpart of `seal`; used qualified)
    """Read a bundle, strictly, believing nothing.

    Raises:
        EvidenceError: not a Sigstore bundle v0.3 around one DSSE signature; the message
            says which part of it is wrong.
    """
    if len(data) > LARGEST:
        raise EvidenceError(f"envelope: {len(data)} bytes; evidence is at most {LARGEST}")
    try:
        bundle = decode(data, Bundle)
    except EvidenceError as error:
        raise EvidenceError(f"envelope: {error}") from error
    if bundle.media_type != MEDIA_TYPE:
        raise EvidenceError(f"envelope: media type {bundle.media_type!r}, not {MEDIA_TYPE!r}")
    if len(bundle.envelope.signatures) != 1:
        count = len(bundle.envelope.signatures)
        raise EvidenceError(f"signature: {count} signatures where exactly one is expected")
    return Envelope(
        payload_type=bundle.envelope.payload_type,
        payload=_plain(bundle.envelope.payload, "payload"),
        signature=_plain(bundle.envelope.signatures[0].sig, "signature"),
        material=_material(bundle.material),
    )


def is_as_written(data: bytes, found: Envelope) -> bool:
    """Whether a bundle that was read as `found` is, byte for byte, as it was written.

    By `seal`, that is; of a bundle signed with an identity, only that it is canonical JSON.
    """
    if isinstance(found.material, Keyless):
        return canonical(decode(data, Bundle)) == data
    return _written(found) == data


def _written(found: Envelope) -> bytes:
    match found.material:
        case KeyHint(fingerprint):
            material = _Material(public_key=_Key(hint=fingerprint), tlog_entries=())
        case Chain(certificates):
            chain = tuple(_Certificate(raw_bytes=_base64(each)) for each in certificates)
            material = _Material(chain=_CertificateChain(certificates=chain), tlog_entries=())
        case Keyless(certificate):
            material = _Material(certificate=_Certificate(raw_bytes=_base64(certificate)))
    return canonical(
        Bundle(
            media_type=MEDIA_TYPE,
            material=material,
            envelope=_Dsse(
                payload=_base64(found.payload),
                payload_type=found.payload_type,
                signatures=(_Signature(sig=_base64(found.signature)),),
            ),
        )
    )


def _material(material: _Material) -> Material:
    given = [material.public_key, material.chain, material.certificate]
    if sum(each is not None for each in given) != 1:
        raise EvidenceError(
            "verification material: exactly one of publicKey, x509CertificateChain, certificate"
        )
    if material.public_key is not None:
        return KeyHint(material.public_key.hint or "")
    if material.chain is not None:
        if not material.chain.certificates:
            raise EvidenceError("verification material: the certificate chain is empty")
        return Chain(
            tuple(_plain(each.raw_bytes, "certificate") for each in material.chain.certificates)
        )
    if material.certificate is None or not material.tlog_entries:
        raise EvidenceError("verification material: signed with an identity, but in no log")
    return Keyless(_plain(material.certificate.raw_bytes, "certificate"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _plain(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EvidenceError(f"{what}: not base64: {error}") from error
    if _base64(data) != text:
        raise EvidenceError(f"{what}: base64 with stray bits, which two readers may read apart")
    return data
