import base64
import json
import time
import zlib
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from steelyard.detectors import secrets

RNG = Random(20)


def drawn(size: int, signs: str = secrets.BASE62) -> str:
    return "".join(RNG.choices(signs, k=size))


def github(body: str) -> str:
    rest, tail = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        tail = secrets.BASE62[digit] + tail
    return f"ghp_{body}{tail:0>6}"


def jwt(header: object, claims: object) -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, claims)
    )
    return ".".join([*(part.decode() for part in parts), drawn(43)])


def key() -> str:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return pem.decode().strip()


# Made by code each time: no credential, real or not, stands in this repository.
MADE = {
    "aws-access-key": "AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "huggingface-token": "hf_" + drawn(34),
    "github-token": github(drawn(30)),
    "gitlab-token": "glpat-" + drawn(20),
    "slack-token": "xoxb-" + drawn(12, "0123456789") + "-" + drawn(24),
    "openai-key": "sk-proj-" + drawn(40) + "T3BlbkFJ" + drawn(40),
    "anthropic-key": "sk-ant-api03-" + drawn(93) + "AA",
    "google-key": "AIza" + drawn(35),
    "stripe-key": "sk_live_" + drawn(24),
    "npm-token": "npm_" + drawn(36),
    "pypi-token": "pypi-AgEIcHlwaS5vcmc" + drawn(120),
    "jwt": jwt({"alg": "HS256", "typ": "JWT"}, {"sub": "1"}),
    "private-key": key(),
}


@pytest.mark.parametrize("kind", sorted(MADE))
def test_every_kind_is_found_where_it_stands(kind: str) -> None:
    text = f'token = "{MADE[kind]}"\n'
    found = [match for match in secrets.find(text) if match.valid]
    assert [(m.kind, text[m.start : m.end]) for m in found] == [(kind, MADE[kind])]


def test_an_aws_secret_needs_its_name_beside_it() -> None:
    secret = drawn(40)
    found = list(secrets.find(f"AWS_SECRET_ACCESS_KEY={secret}"))
    assert [match.kind for match in found] == ["aws-secret-key"]
    assert list(secrets.find(f"digest {secret}")) == []


def test_a_github_token_with_a_wrong_check_sum_is_not_valid() -> None:
    token = MADE["github-token"]
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert [match.valid for match in secrets.find(wrong)] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",  # AWS documentation
        "hf_" + "x" * 34,
        "AIza" + "0" * 35,
        "postgres://user:password@localhost/db",
        "https://<user>:<token>@github.com",
        "-----BEGIN PRIVATE KEY-----\n(your key here)\n-----END PRIVATE KEY-----",
        jwt({"typ": "JWT"}, {"sub": "1"}),  # names no algorithm
        jwt({"alg": "none"}, [1, 2, 3, 4, 5, 6]).replace(".W", ".eyJW"),  # claims no object
    ],
)
def test_placeholders_and_broken_structures_are_not_valid(text: str) -> None:
    assert not any(match.valid for match in secrets.find(text))


def test_a_password_in_an_address_is_found() -> None:
    text = "DATABASE_URL=postgresql://app:k9v-Tz3Lq@db.internal:5432/main"
    found = [match for match in secrets.find(text) if match.valid]
    assert [(m.kind, text[m.start : m.end]) for m in found] == [
        ("password-in-address", "k9v-Tz3Lq")
    ]


def test_the_entropy_floor_spares_drawn_tokens() -> None:
    rng = Random(7)
    low = sum(
        secrets.entropy("".join(rng.choices(secrets.BASE62, k=20))) < secrets.MIN_BITS
        for _ in range(10_000)
    )
    assert low <= 1


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" * 70_000,
        "-----BEGIN PRIVATE KEY-----" * 8_000,
        "aws secret " * 20_000,
        "a://b:" * 30_000,
    ],
)
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    list(secrets.find(text))
    assert time.process_time() - started < 3
