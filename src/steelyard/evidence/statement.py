"""in-toto Statement v1: what is claimed about which digests."""

from typing import Any

import msgspec

from steelyard.evidence.encoding import canonical, decode
from steelyard.evidence.value import Value

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# From: github.com/in-toto/attestation, spec/v1/statement.md
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_ROOT = "https://steelyard.dev/evidence"


def predicate_type(kind: str, version: int = 1) -> str:
    """URI of a Steelyard predicate, e.g. `…/audit/v1`."""
    return f"{PREDICATE_ROOT}/{kind}/v{version}"


class Subject(Value, frozen=True, kw_only=True):
    """One thing the statement is about (in-toto ResourceDescriptor, the part we use)."""

    name: str
    digest: dict[str, str]
    """Algorithm → lower-case hex. `sha256` is the name-bound manifest digest;
    `omsRoot` the root the OpenSSF tool computes. Empty only for an unpinned endpoint,
    whose predicate must say `unpinned`."""


class Statement(Value, frozen=True, kw_only=True, rename={"type_": "_type"}):
    """A predicate about subjects. Makers return these unsigned."""

    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: dict[str, Any]
    type_: str = STATEMENT_TYPE

    def encode(self) -> bytes:
        """The canonical bytes to sign.

        Raises:
            EvidenceError: a number is not finite.
        """
        return canonical(self)


def about(name: str, digest: dict[str, str], kind: str, predicate: Value) -> Statement:
    """A statement of predicate `kind` (version 1) about one subject."""
    return Statement(
        subject=(Subject(name=name, digest=digest),),
        predicate_type=predicate_type(kind),
        predicate=msgspec.to_builtins(predicate),
    )


def read(data: bytes) -> Statement:
    """Decode a statement strictly.

    Raises:
        EvidenceError: not a Statement v1, or JSON that two readers could read differently.
    """
    return decode(data, Statement)
