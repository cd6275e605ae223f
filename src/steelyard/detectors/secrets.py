"""Credentials in text: what would let a reader in.

Each kind has a structure that its issuer published; a find is `valid` if the structure
holds (check sum, encoding, length) and the secret part looks drawn at random rather than
typed as a placeholder.

Sources: GitHub, "Behind GitHub's new authentication token formats" (2021: 30 base-62
characters and a CRC-32 in 6 more); AWS IAM user guide, unique identifier prefixes; RFC 7519
§3 and RFC 7515 §3 (JWT); RFC 7468 (PEM); the token prefixes that Hugging Face, Slack,
Stripe, OpenAI, Anthropic, Google, GitLab, npm and PyPI document for secret scanning.
"""

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steelyard.detectors.match import Match

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|your[-_]|changeme|insert|dummy|redacted|sample|secret[-_]?key|password"
    r"|x{5}|\*{3}|\.{3}|0{6}|1{6}|a{6}|12345|abcdef|<|\{|\$"
)
MIN_BITS = 3.0
"""Shannon entropy per character below which a token of 16 or more was typed by hand: 20
random base-62 characters fall under it less than once in 10 000 (simulated)."""


def entropy(text: str) -> float:
    """Bits per character of the text's own character frequencies; 0.0 for none."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


def is_random(secret: str) -> bool:
    """Whether the text looks drawn, not typed."""
    return not PLACEHOLDER.search(secret) and entropy(secret) >= MIN_BITS


def is_github(secret: str) -> bool:
    """Whether the last six characters are the CRC-32 of the 30 before, in base 62."""
    body, tail = secret[:30], secret[30:]
    rest, digits = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0") == tail


def unpadded(part: str) -> bytes:
    """Decode base64url without padding.

    Raises:
        binascii.Error: the text is not base64url.
    """
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def is_jwt(token: str) -> bool:
    """Whether header and claims are JSON objects and the header names an algorithm."""
    try:
        header, claims = (json.loads(unpadded(part)) for part in token.split(".")[:2])
    except (ValueError, RecursionError):  # binascii, JSON and UTF-8 errors are ValueErrors
        return False
    return isinstance(header, dict) and "alg" in header and isinstance(claims, dict)


def is_private_key(block: str) -> bool:
    """Whether the block holds at least 32 bytes of base64 between its two lines."""
    lines = [line.strip() for line in block.replace("\\n", "\n").splitlines()[1:-1]]
    body = "".join(line for line in lines if line and ":" not in line and line[0] != "=")
    try:
        return len(base64.b64decode(body, validate=True)) >= 32  # noqa: PLR2004 (an Ed25519 seed, the shortest key)
    except binascii.Error:
        return False


def is_password(secret: str) -> bool:
    """Whether the password of an address is more than a manual's stand-in."""
    stand_ins = {"pass", "pwd", "user", "admin", "root", "test", "postgres", "guest", "token"}
    return secret.lower() not in stand_ins and not PLACEHOLDER.search(secret)


@dataclass(frozen=True, slots=True)
class Kind:
    """A credential's form."""

    name: str
    shape: re.Pattern[str]
    """Group 1 is the credential, as reported."""

    prefix: int
    """Characters of it that are fixed, left out of `check`."""

    check: Callable[[str], bool]

    needs: str = ""
    """A part of every such credential. Where a text lacks it nothing is searched: looking for
    a plain string is some fifty times faster than for a shape."""


KINDS = (
    Kind(
        "aws-access-key",
        re.compile(r"(?<![A-Za-z0-9])((?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Za-z0-9])"),
        4,
        is_random,
    ),
    Kind(
        "aws-secret-key",
        re.compile(
            r"(?i:aws.{0,20}?secret.{0,20}?)[\"'=: ]{1,5}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
        0,
        is_random,
    ),
    Kind(
        "huggingface-token", re.compile(r"\b(hf_[A-Za-z0-9]{34,40})\b"), 3, is_random, needs="hf_"
    ),
    Kind(
        "huggingface-token",
        re.compile(r"\b(api_org_[A-Za-z0-9]{34,40})\b"),
        8,
        is_random,
        needs="api_org_",
    ),
    Kind("github-token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36})\b"), 4, is_github),
    Kind(
        "github-token",
        re.compile(r"\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b"),
        11,
        is_random,
        needs="github_pat_",
    ),
    Kind(
        "gitlab-token",
        re.compile(r"\b(glpat-[A-Za-z0-9_-]{20,64})(?![\w-])"),
        6,
        is_random,
        needs="glpat-",
    ),
    Kind(
        "slack-token",
        re.compile(r"\b(xox[abeoprs]-[A-Za-z0-9-]{20,100})(?![\w-])"),
        5,
        is_random,
        needs="xox",
    ),
    Kind(
        "openai-key",
        re.compile(r"\b(sk-(?:proj-|svcacct-|admin-)?[\w-]{16,100}T3BlbkFJ[\w-]{16,100})(?![\w-])"),
        3,
        is_random,
        needs="T3BlbkFJ",
    ),
    Kind(
        "anthropic-key",
        re.compile(r"\b(sk-ant-[a-z0-9]{3,12}-[\w-]{80,120})(?![\w-])"),
        7,
        is_random,
        needs="sk-ant-",
    ),
    Kind(
        "google-key", re.compile(r"(?<![\w-])(AIza[\w-]{35})(?![\w-])"), 4, is_random, needs="AIza"
    ),
    Kind(
        "stripe-key",
        re.compile(r"\b([sr]k_live_[A-Za-z0-9]{24,120})\b"),
        8,
        is_random,
        needs="k_live_",
    ),
    Kind("npm-token", re.compile(r"\b(npm_[A-Za-z0-9]{36})\b"), 4, is_random, needs="npm_"),
    Kind(
        "pypi-token",
        re.compile(r"\b(pypi-AgEI[\w-]{50,250})(?![\w-])"),
        9,
        is_random,
        needs="pypi-AgEI",
    ),
    Kind(
        "azure-storage-key",
        re.compile(r"\bAccountKey=([A-Za-z0-9+/]{86}==)"),
        0,
        is_random,
        needs="AccountKey=",
    ),
    Kind(
        "slack-webhook",
        re.compile(r"(hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24})"),
        46,
        is_random,
        needs="hooks.slack.com",
    ),
    Kind(
        "discord-webhook",
        re.compile(r"(discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,80})(?![\w-])"),
        44,
        is_random,
        needs="/api/webhooks/",
    ),
    Kind(
        "telegram-token",
        re.compile(r"(?<!\w)(\d{8,10}:AA[\w-]{33})(?![\w-])"),
        13,
        is_random,
        needs=":AA",
    ),
    Kind(
        "sendgrid-key",
        re.compile(r"\b(SG\.[\w-]{22}\.[\w-]{43})(?![\w-])"),
        3,
        is_random,
        needs="SG.",
    ),
    Kind("replicate-token", re.compile(r"\b(r8_[A-Za-z0-9]{37})\b"), 3, is_random, needs="r8_"),
    Kind(
        "jwt",
        re.compile(r"(?<![\w.-])(eyJ[\w-]{8,2000}\.eyJ[\w-]{8,8000}\.[\w-]{0,2000})"),
        0,
        is_jwt,
        needs="eyJ",
    ),
    Kind(
        "private-key",
        re.compile(
            r"(-----BEGIN (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----"
            r"[^-]{0,20000}-----END (?:[A-Z]{2,9} )?PRIVATE KEY(?: BLOCK)?-----)"
        ),
        0,
        is_private_key,
        needs="PRIVATE KEY",
    ),
    Kind(
        "password-in-address",
        re.compile(r"\b[a-z][a-z0-9+]{2,15}://[\w.%+-]{1,64}:([^\s:/@\"'`]{3,100})@[\w.-]{1,253}"),
        0,
        is_password,
        needs="://",
    ),
)


def find(text: str) -> Iterator[Match]:
    """Every place that has the form of a credential, in order of kind, then of place.

    Linear in the length of the text: every repetition is bounded.
    """
    for kind in KINDS:
        if kind.needs not in text:
            continue
        for found in kind.shape.finditer(text):
            secret = found[1][kind.prefix :]
            yield Match(kind.name, found.start(1), found.end(1), kind.check(secret))
