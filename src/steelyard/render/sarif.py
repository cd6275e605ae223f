"""SARIF 2.1.0, for code-scanning views. Source: OASIS, sarif-v2.1.0-os, §3."""

import json
from typing import Any
from urllib.parse import quote

from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import Finding, Severity, Skipped
from steelyard.render import document, text

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS: dict[Severity, str] = {
    "info": "note",
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}
_SCORES: dict[Severity, str] = {
    "info": "0.0",
    "low": "3.0",
    "medium": "5.5",
    "high": "8.0",
    "critical": "9.5",
}
"""GitHub's `security-severity`, in the middle of CVSS's bands."""


def render(statement: Statement) -> str:
    """One run, findings as results, what was not looked at as notifications.

    Raises:
        InputError: the statement is not about an inspection.
    """
    found = document.expect(statement, Inspection, "SARIF")
    every = [(one, False) for one in found.findings] + [(one, True) for one in found.suppressed]
    rules = sorted({one.rule for one, _ in every})
    run = {
        "tool": {
            "driver": {
                "name": found.tool.name,
                "version": found.tool.version,
                "informationUri": "https://steelyard.dev",
                "rules": [_rule(rule, [one for one, _ in every]) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(item) for item in found.skipped],
            }
        ],
        "artifacts": [
            {
                "location": {"uri": _uri(file.path)},
                "length": file.size,
                "hashes": {"sha-256": file.sha256},
            }
            for file in found.files
        ],
        "results": [_result(one, rules, suppressed=suppressed) for one, suppressed in every],
        "properties": {"digest": found.digest, "sandbox": found.sandbox},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rule(rule: str, findings: list[Finding]) -> dict[str, Any]:
    severity = next(one.severity for one in findings if one.rule == rule)
    return {
        "id": rule,
        "properties": {"security-severity": _SCORES[severity], "tags": ["security"]},
    }


def _result(finding: Finding, rules: list[str], *, suppressed: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": LEVELS[finding.severity],
        "message": {"text": text.shown(text.cut(finding.message))},
        "locations": [_location(finding)],
        "properties": {"severity": finding.severity, "confidence": finding.confidence},
    }
    if suppressed:
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    place = finding.place
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path or ".")}}
    if place.start >= 0 and not place.member:
        length = max(place.end - place.start, 0) if place.end >= 0 else 0
        physical["region"] = {"byteOffset": place.start, "byteLength": length}
    location: dict[str, Any] = {"physicalLocation": physical}
    inside = [part for part in (place.member, place.detail) if part]
    if place.member and place.start >= 0:
        inside.append(f"bytes {place.start}-{place.end}")
    if inside:
        name = text.line(" ".join(inside))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    return location


def _notification(item: Skipped) -> dict[str, Any]:
    what, reason = text.line(item.what), text.line(item.reason, 500)
    return {"level": "warning", "message": {"text": f"{what} was not looked at: {reason}"}}


def _uri(path: str) -> str:
    """A relative reference; a first segment with a colon would read as a scheme (RFC 3986 §4.2)."""
    quoted = quote(path, safe="/!$&'()*+,;=@~-._", errors="surrogatepass")
    return quoted or "."
