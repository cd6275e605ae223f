"""Say what is in a model's files, without running them.

Exit codes: 0 nothing at or above --fail-on was found; 1 something was; 2 usage; 4 nothing
was, but not everything could be looked at.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from steelyard import plugins
from steelyard.cli import subject
from steelyard.errors import InputError
from steelyard.evidence.predicates.inspection import FileReport, Inspection
from steelyard.evidence.statement import Statement, about
from steelyard.evidence.value import SEVERITIES, Finding
from steelyard.weights import suppressions
from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

CLEAN, FOUND, UNKNOWN = 0, 1, 4
OWN = ("terminal", "json", "statement")
SHOWN_FILES = 40


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="file, folder, hf:…, pypi:…, s3:…")
    parser.add_argument(
        "--format",
        default="terminal",
        help=f"terminal, json (the predicate), statement (in-toto), "
        f"{', '.join(plugins.names('formats')) or 'or an installed format'}",
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="medium",
        help="lowest severity that makes the exit code 1 (default: medium)",
    )
    parser.add_argument("--suppress", type=Path, help="TOML of accepted findings")
    parser.add_argument("--out", type=Path, help="write there instead of standard output")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument(
        "--no-sandbox", action="store_true", help="read in this process, unconfined"
    )


def run(arguments: argparse.Namespace) -> int:
    """Inspect, print, and say by the exit code what was found."""
    accepted = suppressions.load(arguments.suppress) if arguments.suppress else ()
    known = (*OWN, *plugins.names("formats"))
    if arguments.format not in known:
        raise InputError(f"no format {arguments.format!r}; there are: {', '.join(known)}")
    local = subject.files(arguments.model, offline=arguments.offline)
    found = inspect(local.path, Settings(sandbox=not arguments.no_sandbox))
    applied = suppressions.apply(found, accepted, datetime.now(UTC).date())
    for item in applied.expired:
        note = f"steelyard: the suppression of {item.rule} in {item.path} ended on {item.expires}"
        print(note, file=sys.stderr)
    statement = about(
        local.name, {"sha256": applied.inspection.digest}, "inspection", applied.inspection
    )
    shown = written(applied.inspection, statement, arguments.format)
    if arguments.out:
        arguments.out.write_text(shown, "utf-8")
    else:
        print(shown, end="" if shown.endswith("\n") else "\n")
    return exit_code(applied.inspection, arguments.fail_on)


def exit_code(inspection: Inspection, fail_on: str) -> int:
    """1 for a finding that is severe enough, 4 where something could not be told, else 0."""
    least = SEVERITIES.index(fail_on)
    if any(SEVERITIES.index(finding.severity) >= least for finding in inspection.findings):
        return FOUND
    unread = any(report.verdict == "unreadable" for report in inspection.files)
    return UNKNOWN if unread or inspection.skipped else CLEAN


def written(inspection: Inspection, statement: Statement, shape: str) -> str:
    """The inspection in the format that was asked for."""
    match shape:
        case "terminal":
            return "\n".join(_lines(inspection)) + "\n"
        case "json":
            return msgspec.json.format(msgspec.json.encode(inspection), indent=2).decode() + "\n"
        case "statement":
            return statement.encode().decode() + "\n"
        case _:
            rendered: str = plugins.load("formats", shape)(statement)
            return rendered


def _lines(inspection: Inspection) -> Iterator[str]:
    shown = sorted(inspection.files, key=lambda report: (-_rank(report), report.path))
    for report in shown[:SHOWN_FILES]:
        callables = f"  {', '.join(report.callables[:6])}" if report.callables else ""
        tensors = f"  {report.tensors} tensors" if report.tensors else ""
        yield f"{report.verdict:<11}{report.format:<14}{report.path}{tensors}{callables}"
    if len(shown) > SHOWN_FILES:
        yield f"… and {len(shown) - SHOWN_FILES} more files"
    order = sorted(inspection.findings, key=lambda item: -SEVERITIES.index(item.severity))
    if order:
        yield ""
    for finding in order:
        yield f"{finding.severity:<9}{finding.rule}  {_place(finding)}"
        yield f"         {finding.message}"
    for item in inspection.skipped:
        yield f"not told {item.what}: {item.reason}"
    yield ""
    counts = [
        f"{sum(item.severity == severity for item in order)} {severity}"
        for severity in reversed(SEVERITIES)
        if any(item.severity == severity for item in order)
    ]
    yield f"{len(shown)} files, digest {inspection.digest}"
    yield f"findings: {', '.join(counts) or 'none by the rules of this version'}"
    if inspection.suppressed:
        yield f"suppressed: {len(inspection.suppressed)}"
    yield f"confined by: {inspection.sandbox}"


def _rank(report: FileReport) -> int:
    return ("inert", "safe", "review", "unreadable", "denied").index(report.verdict)


def _place(finding: Finding) -> str:
    place = finding.place
    member = f"!{place.member}" if place.member else ""
    bytes_ = f" bytes {place.start}-{place.end}" if place.start >= 0 else ""
    detail = f" ({place.detail})" if place.detail else ""
    return f"{place.path}{member}{bytes_}{detail}"
