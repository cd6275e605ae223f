"""Markdown: a summary for a pull request, a wiki, a mail."""

from collections.abc import Iterator

from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import SEVERITIES, Estimate
from steelyard.render import coverage, document, repeat, text, view, words

_SPECIAL = frozenset("\\`*_{}[]<>()#+!|~$&@")
_TENSORS = 50


def render(statement: Statement) -> str:
    """The statement as GitHub-flavoured Markdown, every value escaped.

    Raises:
        InputError: the statement is of a type without a picture.
    """
    match document.read(statement):
        case Audit() as found:
            lines = audit(found, statement)
        case Inspection() as found:
            lines = _inspection(found, statement)
        case Comparison() as found:
            lines = _comparison(found, statement)
    return "\n".join(lines) + "\n"


def plain(value: str, most: int = 300) -> str:
    r"""`value` on one line, with nothing in it that Markdown or HTML would act on.

    >>> plain("<b>|x|</b>")
    '\\<b\\>\\|x\\|\\</b\\>'
    """
    line = text.line(value, most).replace("://", ":\u200b//")
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in line)


def code(value: str, most: int = 300) -> str:
    """`value` as a code span, whatever backticks it holds (CommonMark §6.1)."""
    line = text.line(value, most).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _runs(line)), default=0) + 1)
    return f"{fence} {line} {fence}" if fence != "`" else f"`{line}`"


def audit(found: Audit, statement: Statement) -> Iterator[str]:
    """The lines about an audit, its heading first."""
    mark, word = words.VERDICTS[found.verdict]
    yield f"## Audit: {mark} {word}"
    yield ""
    yield f"**{plain(words.sentence(found), 500)}** {words.assurance(found)}"
    yield ""
    yield "| Demand | Measured | Demanded | Verdict |"
    yield "|---|---|---|---|"
    for demand in view.demands(found):
        figure = demand.row.measure.estimate if demand.row else None
        state = " ".join(words.STATES[demand.gate.state])
        yield (
            f"| {plain(demand.title)} | {_figure(figure)} | "
            f"{words.claim(demand.gate, demand.unit)} | {state} |"
        )
    for demand in view.demands(found):
        if demand.beyond:
            yield from ("", f"{plain(demand.title)}: {plain(demand.beyond, 600)}")
    yield from _figures(found)
    yield from ("", "### What this does not say", "")
    for limit in found.limitations:
        yield f"- {plain(limit, 600)}"
    for item in view.unmeasured(found):
        yield f"- Not measured: {code(item.what)}: {plain(item.reason)}"
    touched = [one for one in coverage.of(found) if one.probes]
    if touched:
        listed = ", ".join(f"{one.id}:2026 {one.title} (2025: {one.before})" for one in touched)
        yield from ("", f"OWASP Top 10 for LLM applications, touched: {listed}.")
    yield from ("", "### Repeat and verify", "", *_fenced(repeat.command(found)), "")
    for subject in statement.subject[:1]:
        for name, digest in subject.digest.items():
            yield f"- {plain(name)} of the weights: {code(digest)}"
    yield f"- Seed commitment: {code(found.seed.commitment)}"
    yield f"- Policy {plain(found.policy)}: {code(found.policy_digest)}"
    yield f"- Journal: {code(found.journal.digest)}, {found.journal.calls} calls"
    yield f"- steelyard {plain(found.tool.version)}; `steelyard verify evidence.json`"


def _figures(found: Audit) -> Iterator[str]:
    for dimension in view.dimensions(found):
        yield from ("", f"### {dimension.title}", "")
        if not dimension.rows:
            yield "Nothing was measured here."
            continue
        yield "| Probe | Figure | Value | Better |"
        yield "|---|---|---|---|"
        for row in dimension.rows:
            yield (
                f"| {plain(row.probe.title)} | {plain(row.measure.title)} | "
                f"{_figure(row.measure.estimate)} | {row.measure.better} |"
            )


def _inspection(found: Inspection, statement: Statement) -> Iterator[str]:
    yield f"## Inspection of {plain(statement.subject[0].name)}"
    yield ""
    yield f"{len(found.files)} files, {len(found.findings)} findings, {len(found.skipped)} skipped."
    yield from ("", "| Severity | Finding | Where | Rule |", "|---|---|---|---|")
    for one in sorted(found.findings, key=lambda one: -SEVERITIES.index(one.severity)):
        where = f"{one.place.path} {one.place.member}".strip()
        yield f"| {one.severity} | {plain(one.message)} | {code(where)} | {code(one.rule)} |"
    yield from ("", "| File | Format | Loading it |", "|---|---|---|")
    for file in found.files:
        yield f"| {code(file.path)} | {plain(file.format)} | {file.verdict} |"
    yield ""
    for item in found.skipped:
        yield f"- Not looked at: {code(item.what)}: {plain(item.reason)}"
    yield f"- Digest: {code(found.digest)}"


def _comparison(found: Comparison, statement: Statement) -> Iterator[str]:
    yield f"## From {plain(found.before)} to {plain(statement.subject[0].name)}: {found.kind}"
    yield from ("", plain(found.sentence, 600), "")
    for reason in found.reasons:
        yield f"- {plain(reason)}"
    for change in found.texts:
        mark = "**can change behaviour** " if change.notable else ""
        yield f"- {mark}{code(change.path)}: {plain(change.words)}"
    for file in found.files:
        yield f"- {file.change}: {code(file.path)}"
    yield from ("", f"{found.same} tensors identical, {len(found.tensors)} not.", "")
    if found.tensors:
        yield from ("| Tensor | Change | Relative | Before → after |", "|---|---|---|---|")
    for one in found.tensors[:_TENSORS]:
        yield (
            f"| {code(one.name)} | {one.kind} | {words.percent(one.relative)} | "
            f"{plain(one.before)} → {plain(one.after)} |"
        )
    if len(found.tensors) > _TENSORS:
        yield from ("", f"… and {len(found.tensors) - _TENSORS} more.")


def _figure(figure: object) -> str:
    if isinstance(figure, Estimate):
        return f"{words.quantity(figure.value, figure.unit)} ({words.interval(figure)})"
    return "not measured"


def _fenced(command: str) -> tuple[str, ...]:
    line = text.line(command, 4000)
    fence = "`" * max(3, max((len(run) for run in _runs(line)), default=0) + 1)
    return (f"{fence}sh", line, fence)


def _runs(line: str) -> list[str]:
    kept = "".join(one if one == "`" else " " for one in line)
    return kept.split()
