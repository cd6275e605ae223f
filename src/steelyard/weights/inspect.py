"""`inspect(path)`: what is in a model's files, read without running anything.

    walk → examine each file (sniff by content, read, recurse, hash, count) → checks over
    all files together → one predicate

The order of everything is fixed, and nothing depends on what else is installed: the same
bytes give the same predicate on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import msgspec

from steelyard import __version__, plugins
from steelyard.evidence.manifest import Entry as ManifestEntry
from steelyard.evidence.manifest import Manifest
from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.value import Finding, Skipped
from steelyard.weights import companions, examine, sandbox, walk
from steelyard.weights.checks import tensors
from steelyard.weights.examine import Examiner, Outcome
from steelyard.weights.memory import Answered, Memory
from steelyard.weights.reader import ModelCheck, Reader, Seen
from steelyard.weights.rules import Rule
from steelyard.weights.sandbox import Answer, Cage, Job
from steelyard.weights.settings import Settings
from steelyard.weights.walk import Entry, Listing

WORTH_A_PROCESS = 16 << 20
"""Bytes to read for which another process is worth its start."""

FRAME_RULES = (*walk.RULES, *examine.RULES, *tensors.RULES, *companions.RULES)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every reader and model check that is installed, by entry-point name."""

    readers: tuple[Reader, ...]
    checks: tuple[ModelCheck, ...]

    def rules(self) -> tuple[Rule, ...]:
        """Every rule, ordered by id."""
        parts: list[Reader | ModelCheck] = [*self.readers, *self.checks]
        found = {rule.id: rule for part in parts for rule in part.rules}
        found |= {rule.id: rule for rule in FRAME_RULES}
        return tuple(found[name] for name in sorted(found))


@cache
def catalogue() -> Catalogue:
    """Load the table `steelyard.checks`."""
    made = [kind() for kind in plugins.every("checks").values()]
    return Catalogue(
        readers=tuple(part for part in made if isinstance(part, Reader)),
        checks=tuple(part for part in made if isinstance(part, ModelCheck)),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and how much of it was known before."""

    inspection: Inspection
    remembered: int
    """Files that were not read, because they had not changed since they were."""


def inspect(path: Path, settings: Settings | None = None) -> Inspection:
    """Look at one file or folder.

    Raises:
        InputError: there is nothing to look at.
    """
    return look(path, settings).inspection


def look(path: Path, settings: Settings | None = None) -> Look:
    """As `inspect`, and says what was remembered.

    Raises:
        InputError: there is nothing to look at.
    """
    chosen = settings or Settings()
    listing = walk.walk(path)
    memory = Memory(chosen)
    known = {entry: answer for entry in listing.files if (answer := memory.recall(entry))}
    unread = [entry for entry in listing.files if entry not in known]
    read = _read(path, unread, chosen) if unread else {}
    for entry, fresh in read.items():
        memory.keep(entry, fresh)
    if read:
        memory.tidy()
    answers = [known.get(entry) or read[entry] for entry in listing.files]
    return Look(_together(listing, answers), len(known))


def _read(path: Path, entries: Sequence[Entry], settings: Settings) -> dict[Entry, Answered]:
    """What each file came to, and how the process that read it was confined."""
    examiner, limits = Examiner(catalogue().readers, settings), settings.limits
    if not settings.sandbox:
        unconfined = "none: switched off"
        return {
            entry: Answered(outcome=examiner.examine(entry), confined=unconfined)
            for entry in entries
        }
    jobs = [
        Job(
            work=partial(_encoded, examiner, entry),
            seconds=limits.seconds + entry.size / limits.pace,
        )
        for entry in entries
    ]
    readable = {path.resolve(), *(entry.real.parent for entry in entries)}
    if path.is_file():
        readable = {path.resolve()}
    cage = Cage(readable=tuple(sorted(readable)), memory=limits.memory)
    workers = min(settings.workers, 1 + sum(entry.size for entry in entries) // WORTH_A_PROCESS)
    answers = sandbox.run(jobs, cage, workers)
    return {entry: _answered(entry, answer) for entry, answer in zip(entries, answers, strict=True)}


def _encoded(examiner: Examiner, entry: Entry) -> bytes:
    return msgspec.json.encode(examiner.examine(entry))


def _answered(entry: Entry, answer: Answer) -> Answered:
    if answer.data is None:
        outcome = examine.lost(entry, answer.fault)
        return Answered(outcome=outcome, confined=answer.confined, lost=True)
    outcome = msgspec.json.decode(answer.data, type=Outcome)
    return Answered(outcome=outcome, confined=answer.confined)


def _together(listing: Listing, answers: Sequence[Answered]) -> Inspection:
    """One predicate over all files."""
    read = [answer.outcome for answer in answers]
    data = companions.named(read)
    outcomes = companions.settled(read, data)
    said = list(_checked(catalogue().checks, outcomes))
    links = companions.hard_links(listing.files, data)
    gone = companions.missing(read) if listing.whole else ()
    findings = [
        *listing.notes,
        *links,
        *gone,
        *(item for item in said if isinstance(item, Finding)),
    ]
    skipped = [item for item in said if isinstance(item, Skipped)]
    for outcome in outcomes:
        findings += outcome.findings
        skipped += outcome.skipped
    confined = ", ".join(sorted({answer.confined for answer in answers} - {""}))
    return Inspection(
        tool=Tool(version=__version__),
        digest=_manifest(outcomes).digest(),
        files=tuple(outcome.report for outcome in outcomes),
        findings=tuple(sorted(set(findings), key=examine.order)),
        skipped=tuple(sorted(set(skipped), key=lambda item: (item.what, item.reason))),
        sandbox=confined or "none: the process did not start",
    )


def _checked(
    checks: Sequence[ModelCheck], outcomes: Sequence[Outcome]
) -> Iterator[Finding | Skipped]:
    files = [
        Seen(
            path=outcome.report.path,
            format=outcome.report.format,
            facts=outcome.facts,
            tensors=outcome.tensors,
        )
        for outcome in outcomes
    ]
    for check in checks:
        yield from check.check(files)


def _manifest(outcomes: Sequence[Outcome]) -> Manifest:
    return Manifest(
        entries=tuple(
            ManifestEntry(path=report.path, size=report.size, sha256=report.sha256)
            for report in (outcome.report for outcome in outcomes)
        )
    )
