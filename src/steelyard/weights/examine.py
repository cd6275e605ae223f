"""Everything about one file: who claims it, what is in it, its digest and its tensors."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from steelyard.evidence.predicates.inspection import FileReport, LoadVerdict
from steelyard.evidence.value import Finding, Place, Skipped, Value
from steelyard.weights.checks import tensors
from steelyard.weights.reader import (
    Budget,
    Context,
    ExhaustedError,
    Fact,
    Import,
    Item,
    Member,
    Reader,
    Tensor,
)
from steelyard.weights.rules import Effect, Rule, printable
from steelyard.weights.settings import Settings
from steelyard.weights.source import File, Source, TooLargeError
from steelyard.weights.stream import Pass, Span, over
from steelyard.weights.walk import Entry

FAILED = Rule(
    id="reader/failed",
    title="The reader could not finish",
    severity="medium",
    effect="unreadable",
    what="A reader met bytes that its format does not allow, in a way it has no rule for.",
    why="What comes after that point was not looked at. A loader that is more forgiving may "
    "still read it.",
    fix="Get the file again from its source. If it is intact there, report it to Steelyard.",
    references=("CWE-20",),
)
BUDGET = Rule(
    id="reader/budget",
    title="Reading it would cost too much",
    severity="high",
    effect="unreadable",
    what="The file nests, expands or repeats beyond what an honest model file needs.",
    why="A decompression or header bomb takes the memory of whoever loads it; and what lies "
    "beyond the budget was not looked at.",
    fix="Unpack it where that is safe and inspect the parts, or refuse it.",
    references=("CWE-409", "CWE-770"),
)
POLYGLOT = Rule(
    id="file/polyglot",
    title="Two formats in one file",
    severity="high",
    effect="review",
    what="Several formats claim the same bytes.",
    why="A scanner and a loader may each read a different file out of it.",
    fix="Write the model again in one format, by a tool you trust.",
    references=("https://github.com/trailofbits/fickling/issues/103", "CWE-436"),
)
UNKNOWN = Rule(
    id="file/unknown-format",
    title="Unknown binary format",
    severity="low",
    effect="review",
    what="No reader recognises the bytes, and they are not text.",
    why="Nothing is known about what loading it does.",
    fix="Ask the publisher what it is; remove it if the model does not need it.",
)
CRASHED = Rule(
    id="reader/crashed",
    title="The reading process died",
    severity="high",
    effect="unreadable",
    what="The confined process that read the file was killed, or ran out of memory.",
    why="The file can do the same to other programs that read it; nothing is known about what "
    "is in it.",
    fix="Refuse the file, and report it to Steelyard.",
    references=("CWE-400",),
)
TIMED_OUT = Rule(
    id="reader/timed-out",
    title="Reading took too long",
    severity="high",
    effect="unreadable",
    what="The confined process that read the file was stopped at its time limit.",
    why="The file can hang other programs that read it; what comes later in it was not looked at.",
    fix="Refuse the file, or inspect it with more time if it is huge and the disk slow.",
    references=("CWE-400", "CWE-834"),
)
RULES = (FAILED, BUDGET, POLYGLOT, UNKNOWN, CRASHED, TIMED_OUT)

WORST: tuple[LoadVerdict, ...] = ("inert", "safe", "review", "unreadable", "denied")
"""In rising order."""


class Outcome(Value, frozen=True, kw_only=True):
    """What reading one file gave; crosses the sandbox's pipe as JSON."""

    report: FileReport
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    facts: tuple[tuple[str, Fact], ...]
    """(member, fact)."""

    tensors: tuple[tuple[str, Tensor], ...]


@dataclass(slots=True)
class Collected:
    """Items so far. Spans of the file's own tensors are absolute byte ranges."""

    findings: list[Finding] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    facts: list[tuple[str, Fact]] = field(default_factory=list)
    tensors: list[tuple[str, Tensor]] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Examiner:
    """Reads files with a fixed set of readers."""

    readers: Sequence[Reader]
    settings: Settings

    def examine(self, entry: Entry) -> Outcome:
        """Read one file. Whatever is in it, an outcome comes back."""
        found = Collected()
        limits = self.settings.limits
        context = Context(path=entry.path, limits=limits, budget=Budget(limits))
        with File(entry.real) as source, ThreadPoolExecutor(1) as aside:
            # Without statistics the digest need not wait for where the tensors lie.
            early = None if self.settings.statistics else aside.submit(over, entry.real)
            shape = self._descend(source, context, found)
            spans = self._spans(found, entry)
            passed = early.result() if early else over(entry.real, [_span(one) for one in spans])
            counted = list(zip(spans, passed.counted, strict=True))
            found.findings += [_clean(item) for item in tensors.judge(counted, source, context)]
        return self._outcome(entry, shape, found, passed)

    def _descend(self, source: Source, context: Context, found: Collected) -> str:
        """Read `source` and everything inside it; the name of its format."""
        claims = [reader for reader in self.readers if reader.sniff(source)]
        claims.sort(key=lambda reader: (reader.rank, reader.format))
        owners = sorted({reader.format for reader in claims if reader.rank == 0})
        if len(owners) > 1:
            message = f"claimed as {', '.join(owners)} at once"
            found.findings.append(POLYGLOT.at(context.place(), message))
        if not claims and source.size:
            shown = source.head[:8].hex(" ")
            found.findings.append(
                UNKNOWN.at(context.place(0, min(source.size, 8)), f"begins with {shown}")
            )
            found.skipped.append(
                Skipped(what=_label(context), reason="no reader knows this format")
            )
        for reader in claims:
            found.calls |= reader.calls
            self._read(reader, source, context, found)
        return claims[0].format if claims else "empty" if not source.size else "unknown"

    def _read(self, reader: Reader, source: Source, context: Context, found: Collected) -> None:
        try:
            for item in reader.read(source, context):
                self._take(item, source, context, found)
        except (ExhaustedError, TooLargeError) as error:
            found.findings.append(BUDGET.at(context.place(), f"{reader.format}: {error}"))
        except Exception as error:  # noqa: BLE001 (the boundary to hostile bytes: it's a finding)
            message = f"{reader.format}: {type(error).__name__}: {error}"
            found.findings.append(FAILED.at(context.place(), message))

    def _take(self, item: Item, source: Source, context: Context, found: Collected) -> None:
        match item:
            case Finding():
                item = _clean(item)
                if len(found.findings) >= self.settings.limits.findings:
                    raise ExhaustedError(f"more than {self.settings.limits.findings} findings")
                found.findings.append(item)
            case Skipped():
                found.skipped.append(
                    Skipped(what=printable(item.what, 300), reason=printable(item.reason, 300))
                )
            case Fact():
                value = printable(item.value, 300)
                found.facts.append((context.member, Fact(name=item.name, value=value)))
            case Import():
                found.imports.add(printable(item.name, 200))
            case Tensor():
                found.tensors.append((context.member, _absolute(item, source)))
            case Member():
                context.budget.enter()
                if context.depth >= context.limits.depth:
                    raise ExhaustedError(f"nested deeper than {context.limits.depth}")
                self._descend(item.source, context.inside(item.name), found)

    def _spans(self, found: Collected, entry: Entry) -> list[Tensor]:
        """Tensors whose values are counted: those that lie in the file.

        None where they overlap so much that counting them would cost many passes.
        """
        if not self.settings.statistics:
            if found.tensors:
                found.skipped.append(Skipped(what=entry.path, reason="values were not counted"))
            return []
        inside = [tensor for _, tensor in found.tensors if 0 <= tensor.start <= tensor.end]
        inside = [tensor for tensor in inside if tensor.end <= entry.size]
        if sum(tensor.end - tensor.start for tensor in inside) > 2 * entry.size:
            reason = "tensors overlap so much that their values were not counted"
            found.skipped.append(Skipped(what=entry.path, reason=reason))
            return []
        return inside

    def _outcome(self, entry: Entry, shape: str, found: Collected, passed: Pass) -> Outcome:
        effects = {rule.id: rule.effect for reader in self.readers for rule in reader.rules}
        effects |= {rule.id: rule.effect for rule in (*RULES, *tensors.RULES)}
        report = FileReport(
            path=entry.path,
            format=shape,
            size=passed.size,
            sha256=passed.sha256,
            verdict=verdict((effects[item.rule] for item in found.findings), calls=found.calls),
            callables=tuple(sorted(found.imports)),
            tensors=len(found.tensors),
            parameters=sum(tensor.elements for _, tensor in found.tensors),
            facts={fact.name: printable(fact.value, 200) for _, fact in reversed(found.facts)},
        )
        return Outcome(
            report=report,
            findings=tuple(sorted(set(found.findings), key=order)),
            skipped=tuple(sorted(set(found.skipped), key=lambda item: (item.what, item.reason))),
            facts=tuple(found.facts),
            tensors=tuple(found.tensors),
        )


def verdict(effects: Iterator[Effect], *, calls: bool) -> LoadVerdict:
    """The worst of all effects; without any, `safe` where the format can call, else `inert`."""
    reached: list[LoadVerdict] = [effect for effect in effects if effect != "none"]
    return max([*reached, "safe" if calls else "inert"], key=WORST.index)


def order(finding: Finding) -> tuple[str, str, int, str, str]:
    """Key that gives findings one order: by place, then rule, then message."""
    place = finding.place
    return place.path, place.member, place.start, finding.rule, finding.message


def _label(context: Context) -> str:
    return f"{context.path}!{context.member}" if context.member else context.path


def _absolute(tensor: Tensor, source: Source) -> Tensor:
    """The tensor with bytes counted from the file's start, where they can be."""
    origin, name = source.origin(), printable(tensor.name, 300)
    if origin is None or tensor.start < 0:
        return msgspec.structs.replace(tensor, name=name, start=-1, end=-1)
    start, end = tensor.start + origin, tensor.end + origin
    return msgspec.structs.replace(tensor, name=name, start=start, end=end)


def _span(tensor: Tensor) -> Span:
    return Span(name=tensor.name, dtype=tensor.dtype, start=tensor.start, end=tensor.end)


def _clean(finding: Finding) -> Finding:
    """The finding with a place that can be printed: the file chose its names."""
    place = finding.place
    shown = msgspec.structs.replace(
        place, member=printable(place.member, 300), detail=printable(place.detail, 300)
    )
    return msgspec.structs.replace(finding, place=shown)


def lost(entry: Entry, fault: str) -> Outcome:
    """The outcome for a file over which the reading process died."""
    rule = TIMED_OUT if fault == "timed out" else CRASHED
    place = Place(path=entry.path)
    passed = over(entry.real)
    return Outcome(
        report=FileReport(
            path=entry.path,
            format="unknown",
            size=passed.size,
            sha256=passed.sha256,
            verdict="unreadable",
        ),
        findings=(rule.at(place, f"reading {entry.path}: {fault}"),),
        skipped=(Skipped(what=entry.path, reason=f"the reading process {fault}"),),
        facts=(),
        tensors=(),
    )
