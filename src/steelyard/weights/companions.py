"""Files that other files of the model name as the place of their data."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import msgspec

from steelyard.evidence.value import Finding, Place
from steelyard.weights.examine import UNKNOWN, Outcome
from steelyard.weights.rules import Rule
from steelyard.weights.walk import Entry

HARD_LINK = Rule(
    id="file/hard-link",
    title="Data file with a second name",
    severity="medium",
    effect="review",
    what="A file that a model names as its external data is a hard link: the same bytes have "
    "another name on this machine.",
    why="The other name may be a private file, which the model then reads and gives away, or "
    "writes over when it is saved. No check of paths sees it.",
    fix="If you made the link (a package cache does), ignore this. Else remove the file.",
    references=("CVE-2026-34446", "CWE-62"),
)
MISSING = Rule(
    id="file/missing-data",
    title="Data file that is not there",
    severity="medium",
    effect="review",
    what="A file names another as the place of its tensors, and the folder has no such file.",
    why="The model is not whole: what its tensors will be was not looked at, and whoever puts a "
    "file of that name there decides it.",
    fix="Get the whole model from its source, and inspect it again.",
    references=("https://github.com/onnx/onnx/blob/main/docs/ExternalData.md",),
)
RULES = (HARD_LINK, MISSING)


def named(outcomes: Sequence[Outcome]) -> frozenset[str]:
    """Paths that files name as external data, relative to the model's root."""
    return frozenset(
        str(PurePosixPath(outcome.report.path).parent / fact.value)
        for outcome in outcomes
        for _, fact in outcome.facts
        if fact.name == "external-data"
    )


def settled(outcomes: Sequence[Outcome], data: frozenset[str]) -> list[Outcome]:
    """The outcomes; those of data files no longer say that their format is unknown."""
    return [
        _settled(outcome)
        if outcome.report.path in data and outcome.report.format == "unknown"
        else outcome
        for outcome in outcomes
    ]


def _settled(outcome: Outcome) -> Outcome:
    report = msgspec.structs.replace(outcome.report, format="data", verdict="inert")
    kept = tuple(item for item in outcome.findings if item.rule != UNKNOWN.id)
    return msgspec.structs.replace(outcome, report=report, findings=kept, skipped=())


def missing(outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    """Data files that are named and not there; `outcomes` are those of a whole folder."""
    there = {outcome.report.path for outcome in outcomes}
    for outcome in outcomes:
        path = outcome.report.path
        named = {
            fact.value
            for member, fact in outcome.facts
            if fact.name == "external-data" and not member
        }
        for name in sorted(named):
            if str(PurePosixPath(path).parent / name) not in there:
                message = f"{path} keeps tensors in {name!r}, which is not in the folder"
                yield MISSING.at(Place(path=path), message)


def hard_links(entries: Sequence[Entry], data: frozenset[str]) -> Iterator[Finding]:
    """Data files that have another name, too."""
    for entry in entries:
        if entry.path in data and entry.real.stat().st_nlink > 1:
            message = f"{entry.path} has another name outside or inside the model"
            yield HARD_LINK.at(Place(path=entry.path), message, confidence="possible")
