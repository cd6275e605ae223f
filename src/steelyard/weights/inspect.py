"""`inspect(path)`: what is in a model's files, read without running anything.

    walk → examine each file (sniff by content, read, recurse, hash, count) → checks over
    all files together → one predicate

The order of everything is fixed, and nothing depends on what else is installed: the same
bytes give the same predicate on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from steelyard import __version__, plugins
from steelyard.evidence.manifest import Entry as ManifestEntry
from steelyard.evidence.manifest import Manifest
from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.value import Finding, Skipped
from steelyard.weights import examine, sandbox, walk
from steelyard.weights.checks import tensors
from steelyard.weights.examine import Examiner, Outcome
from steelyard.weights.reader import ModelCheck, Reader, Seen
from steelyard.weights.rules import Rule
from steelyard.weights.sandbox import Cage, Job
from steelyard.weights.settings import Settings
from steelyard.weights.walk import Entry, Listing

FRAME_RULES = (*walk.RULES, *examine.RULES, *tensors.RULES)


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


def catalogue() -> Catalogue:
    """Load the table `steelyard.checks`."""
    made = [kind() for kind in plugins.every("checks").values()]
    return Catalogue(
        readers=tuple(part for part in made if isinstance(part, Reader)),
        checks=tuple(part for part in made if isinstance(part, ModelCheck)),
    )


def inspect(path: Path, settings: Settings | None = None) -> Inspection:
    """Look at one file or folder.

    Raises:
        InputError: there is nothing to look at.
    """
    chosen = settings or Settings()
    known = catalogue()
    listing = walk.walk(path)
    examiner = Examiner(known.readers, chosen)
    outcomes, confined = _outcomes(path, listing, examiner)
    together = list(_together(known.checks, outcomes))
    findings = [*listing.notes, *(item for item in together if isinstance(item, Finding))]
    skipped = [item for item in together if isinstance(item, Skipped)]
    for outcome in outcomes:
        findings += outcome.findings
        skipped += outcome.skipped
    return Inspection(
        tool=Tool(version=__version__),
        digest=_manifest(outcomes).digest(),
        files=tuple(outcome.report for outcome in outcomes),
        findings=tuple(sorted(set(findings), key=examine.order)),
        skipped=tuple(sorted(set(skipped), key=lambda item: (item.what, item.reason))),
        sandbox=confined,
    )


def _outcomes(path: Path, listing: Listing, examiner: Examiner) -> tuple[list[Outcome], str]:
    """What each file came to, and how the reading process was confined."""
    settings, limits = examiner.settings, examiner.settings.limits
    if not settings.sandbox:
        return [examiner.examine(entry) for entry in listing.files], "none: switched off"
    jobs = [
        Job(
            work=partial(_encoded, examiner, entry),
            seconds=limits.seconds + entry.size / limits.pace,
        )
        for entry in listing.files
    ]
    readable = {path.resolve(), *(entry.real.parent for entry in listing.files)}
    if path.is_file():
        readable = {path.resolve()}
    cage = Cage(readable=tuple(sorted(readable)), memory=limits.memory)
    outcomes: list[Outcome] = []
    confined: set[str] = set()
    for entry, answer in zip(listing.files, sandbox.run(jobs, cage), strict=True):
        confined.add(answer.confined)
        if answer.data is None:
            outcomes.append(examine.lost(entry, answer.fault))
        else:
            outcomes.append(msgspec.json.decode(answer.data, type=Outcome))
    return outcomes, ", ".join(sorted(confined - {""})) or "none: the process did not start"


def _encoded(examiner: Examiner, entry: Entry) -> bytes:
    return msgspec.json.encode(examiner.examine(entry))


def _together(
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
