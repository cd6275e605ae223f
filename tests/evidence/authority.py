"""A certificate authority for tests: valid, and wrong in each way that matters."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2030, 6, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True)
class Issued:
    key: Key
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def private(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def usage(*, sign: bool, certify: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=certify,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, kw_only=True)
class Wish:
    name: str
    ca: bool = False
    sign: bool = True
    code: bool = False
    server: bool = False
    days: tuple[int, int] = (-10, 10)
    curve: ec.EllipticCurve = ec.SECP256R1()  # noqa: RUF009 (curves hold no state)


def issue(wish: Wish, by: Issued | None = None, now: datetime = NOW) -> Issued:
    key = ec.generate_private_key(wish.curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wish.name)])
    signing_key = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=wish.days[0]))
        .not_valid_after(now + timedelta(days=wish.days[1]))
        .add_extension(x509.BasicConstraints(ca=wish.ca, path_length=None), critical=True)
        .add_extension(usage(sign=wish.sign and not wish.ca, certify=wish.ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    if wish.server:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    if wish.code:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
        )
    return Issued(key=key, certificate=builder.sign(signing_key, hashes.SHA256()))
