"""Findings that someone looked at and accepted: who, why, for which bytes, until when."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.value import Finding, Value


class Suppression(Value, frozen=True, kw_only=True):
    """One accepted finding. It ends with the file's next change, or on its day."""

    rule: str
    path: str
    """Of the file, as the finding gives it."""

    sha256: str
    """Of the file, as the report gives it."""

    reason: str
    owner: str
    """Who answers for it: a person or a team."""

    expires: date
    """First day on which it no longer counts."""

    def __post_init__(self) -> None:
        """Refuse one that nobody could answer for.

        Raises:
            ValueError: no reason, no owner, or not a digest.
        """
        if not self.reason.strip() or not self.owner.strip():
            raise ValueError("a suppression needs a reason and an owner")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):  # noqa: PLR2004 (SHA-256 in hexadecimal)
            raise ValueError("sha256 is 64 lower-case hexadecimal digits, as the report gives it")


class _Document(Value, frozen=True, kw_only=True):
    suppress: tuple[Suppression, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """An inspection after suppression, and what no longer counts."""

    inspection: Inspection
    expired: tuple[Suppression, ...]


def load(path: Path) -> tuple[Suppression, ...]:
    """Read `[[suppress]]` tables.

    Raises:
        InputError: the file isn't there, isn't TOML, or a table lacks something.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert(document, _Document).suppress
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def apply(inspection: Inspection, given: Sequence[Suppression], today: date) -> Applied:
    """Move accepted findings to `suppressed`; they stay in the evidence."""
    digests = {report.path: report.sha256 for report in inspection.files}
    expired = tuple(item for item in given if item.expires <= today)
    accepted = {(item.rule, item.path, item.sha256) for item in given if item.expires > today}

    def is_accepted(finding: Finding) -> bool:
        path = finding.place.path
        return (finding.rule, path, digests.get(path, "")) in accepted

    return Applied(
        msgspec.structs.replace(
            inspection,
            findings=tuple(item for item in inspection.findings if not is_accepted(item)),
            suppressed=tuple(item for item in inspection.findings if is_accepted(item)),
        ),
        expired,
    )
