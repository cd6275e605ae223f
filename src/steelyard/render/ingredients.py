"""What a bill of materials lists, gathered from an inspection statement."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.evidence import encoding
from steelyard.evidence.predicates.inspection import FileReport, Inspection
from steelyard.evidence.statement import Statement, predicate_type

SPDX = {
    name.lower(): name
    for name in (
        "AFL-3.0", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
        "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0",
        "CC-BY-SA-4.0", "CC0-1.0", "ECL-2.0", "EPL-2.0", "EUPL-1.2", "ISC", "MIT", "MPL-2.0",
        "MS-PL", "ODbL-1.0", "OFL-1.1", "Unlicense", "WTFPL", "Zlib",
    )
}  # fmt: skip
"""Names that cards use → SPDX identifiers, where the two differ in case only.

Hugging Face's `gpl-3.0` and the like are left out: SPDX asks "only" or "or later", and the
card doesn't say. From: SPDX License List 3.27.
"""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as somebody declared it in the model's files."""

    declared: str

    @property
    def spdx(self) -> str:
        """Its SPDX identifier; empty where the words name none exactly."""
        return SPDX.get(self.declared.lower(), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """One model, as found."""

    name: str
    digests: dict[str, str]
    """The subject's: `sha256`, and what else names it."""

    tool: str
    """Version of Steelyard that looked."""

    files: tuple[FileReport, ...]
    licences: tuple[Licence, ...]
    bases: tuple[str, ...]
    """Base models, as declared."""

    datasets: tuple[str, ...]
    architectures: tuple[str, ...]
    tasks: tuple[str, ...]
    quantisations: tuple[str, ...]
    findings: dict[str, int]
    """Severity → count."""

    complete: bool
    """False where something could not be looked at."""

    @property
    def tensors(self) -> int:
        """Count over all files."""
        return sum(report.tensors for report in self.files)

    @property
    def parameters(self) -> int:
        """Elements of all tensors."""
        return sum(report.parameters for report in self.files)


def of(statement: Statement) -> Ingredients:
    """Gather from an inspection statement; the same statement gives the same, in one order.

    Raises:
        InputError: a statement of another kind.
        EvidenceError: its predicate is not valid.
    """
    if statement.predicate_type != predicate_type("inspection"):
        raise InputError("a bill of materials is written from an inspection statement")
    found = encoding.convert(statement.predicate, Inspection)
    counts: dict[str, int] = {}
    for finding in found.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    subject = statement.subject[0]
    return Ingredients(
        name=subject.name,
        digests=dict(sorted(subject.digest.items())),
        tool=found.tool.version,
        files=tuple(sorted(found.files, key=lambda report: report.path.encode())),
        licences=tuple(map(Licence, _licences(found.files))),
        bases=_facts(found.files, "base-model"),
        datasets=_facts(found.files, "dataset"),
        architectures=_facts(found.files, "architecture"),
        tasks=_facts(found.files, "task"),
        quantisations=_facts(found.files, "quantisation"),
        findings=dict(sorted(counts.items())),
        complete=not found.skipped,
    )


def _licences(files: Iterable[FileReport]) -> tuple[str, ...]:
    """`other` says nothing where the card goes on to name the licence."""
    named = _facts(files, "licence-name")
    declared = _facts(files, "licence")
    return tuple(sorted({*named, *(name for name in declared if name != "other" or not named)}))


def _facts(files: Iterable[FileReport], name: str) -> tuple[str, ...]:
    kind = re.compile(rf"{re.escape(name)}(?:-[0-9]+)?")
    return tuple(
        sorted(
            {
                value
                for report in files
                for key, value in report.facts.items()
                if kind.fullmatch(key) and value
            }
        )
    )
