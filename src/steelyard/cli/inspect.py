"""Say what is in a model's files, without running them.

Exit codes: 0 nothing at or above --fail-on was found; 1 something was; 2 usage; 4 nothing
was, but not everything could be looked at.
"""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from steelyard import plugins
from steelyard.cli import outputs, subject
from steelyard.errors import InputError
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement, about
from steelyard.evidence.value import SEVERITIES
from steelyard.subjects.settings import cache_folder
from steelyard.weights import suppressions
from steelyard.weights.inspect import look
from steelyard.weights.settings import Settings

CLEAN, FOUND, UNKNOWN = 0, 1, 4
NAMES = {"statement": "json"}
"""Another word for a format: JSON is the statement."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", help="file, folder, hf:…, pypi:…, s3:…")
    parser.add_argument(
        "--format",
        default="terminal",
        help=f"one of {', '.join(_formats())} (json is the in-toto statement)",
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="medium",
        help="lowest severity that makes the exit code 1 (default: medium)",
    )
    parser.add_argument(
        "--no-statistics", action="store_true", help="structure and digests only: count no tensor"
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="read every file, changed or not",
    )
    parser.add_argument("--suppress", type=Path, help="TOML of accepted findings")
    parser.add_argument("--out", type=outputs.place, help="write there instead of standard output")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument(
        "--no-sandbox", action="store_true", help="read in this process, unconfined"
    )


def run(arguments: argparse.Namespace) -> int:
    """Inspect, print, and say by the exit code what was found."""
    accepted = suppressions.load(arguments.suppress) if arguments.suppress else ()
    render = _renderer(arguments.format)
    local = subject.files(arguments.model, offline=arguments.offline)
    looked = look(local.path, _settings(arguments))
    found = looked.inspection
    if looked.remembered:
        note = f"{looked.remembered} of {len(found.files)} files unchanged since they were read"
        print(f"steelyard: cached: {note}; to read them again: --no-cache", file=sys.stderr)
    applied = suppressions.apply(found, accepted, datetime.now(UTC).date())
    for item in applied.expired:
        note = f"steelyard: the suppression of {item.rule} in {item.path} ended on {item.expires}"
        print(note, file=sys.stderr)
    statement = about(
        local.name, {"sha256": applied.inspection.digest}, "inspection", applied.inspection
    )
    shown = render(statement)
    if arguments.out:
        outputs.save(arguments.out, shown)
    else:
        print(shown, end="" if shown.endswith("\n") else "\n")
    return exit_code(applied.inspection, arguments.fail_on)


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        sandbox=not arguments.no_sandbox,
        statistics=not arguments.no_statistics,
        cache=None if arguments.no_cache else cache_folder() / "inspect",
    )


def exit_code(inspection: Inspection, fail_on: str) -> int:
    """1 for a finding that is severe enough, 4 where something could not be told, else 0."""
    least = SEVERITIES.index(fail_on)
    if any(SEVERITIES.index(finding.severity) >= least for finding in inspection.findings):
        return FOUND
    unread = any(report.verdict == "unreadable" for report in inspection.files)
    return UNKNOWN if unread or inspection.skipped else CLEAN


def _formats() -> list[str]:
    """Names of formats; a model card is made of audits."""
    return [name for name in plugins.names("formats") if name != "card"]


def _renderer(name: str) -> Callable[[Statement], str]:
    known = _formats()
    if NAMES.get(name, name) not in known:
        raise InputError(f"no format {name!r}; there are: {', '.join(known)}")
    found: Callable[[Statement], str] = plugins.load("formats", NAMES.get(name, name))
    return found
