"""Plain text for a terminal: safe to print, no colour, 80 to 100 columns."""

from collections.abc import Iterator

from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import SEVERITIES, Estimate
from steelyard.render import document, text, view, words

_TENSORS = 40


def render(statement: Statement) -> str:
    """The verdict, then a line for each demand or finding.

    Raises:
        InputError: the statement is of a type without a picture.
    """
    match document.read(statement):
        case Audit() as found:
            lines = _audit(found)
        case Inspection() as found:
            lines = _inspection(found)
        case Comparison() as found:
            lines = _comparison(found)
    return "\n".join(lines) + "\n"


def _audit(found: Audit) -> Iterator[str]:
    mark, word = words.VERDICTS[found.verdict]
    yield f"{mark} {word.upper()}  {text.line(words.name_of(found))}"
    yield text.line(words.sentence(found), 400)
    yield ""
    for demand in view.demands(found):
        state_mark, state = words.STATES[demand.gate.state]
        seen = _figure(demand.row.measure.estimate if demand.row else None)
        claim = words.claim(demand.gate, demand.unit)
        yield f"  {state_mark} {state:<13}{seen:<22}{claim:<16}{text.line(demand.title)}"
    free = [row for row in view.rows(found) if not row.gates]
    if free:
        yield from ("", "  Measured, nothing demanded:")
    for row in free:
        title = text.line(f"{row.probe.title}: {row.measure.title}")
        yield f"    {'':<13}{_figure(row.measure.estimate):<38}{title}"
    left_out = view.unmeasured(found)
    if left_out:
        yield from ("", "  Not measured:")
    for item in left_out:
        yield f"    {text.line(item.what)}: {text.line(item.reason, 300)}"
    if assurance := words.assurance(found):
        yield from ("", assurance)


def _inspection(found: Inspection) -> Iterator[str]:
    verdicts = dict.fromkeys(("denied", "review", "unreadable", "safe", "inert"), 0)
    for file in found.files:
        verdicts[file.verdict] += 1
    counted = ", ".join(f"{count} {kind}" for kind, count in verdicts.items() if count)
    yield f"{len(found.files)} files: {counted or 'none'}; {len(found.findings)} findings"
    for one in sorted(found.findings, key=lambda one: -SEVERITIES.index(one.severity)):
        place = (one.place.path, one.place.member, one.place.detail)
        where = " ".join(filter(None, place))
        yield f"  {one.severity:<9}{text.line(one.message, 300)}"
        yield f"           {text.line(where)}  [{text.line(one.rule)}, {one.confidence}]"
    for item in found.skipped:
        yield f"  not looked at: {text.line(item.what)}: {text.line(item.reason, 300)}"
    if found.suppressed:
        yield f"  {len(found.suppressed)} findings suppressed"
    yield f"digest {text.line(found.digest)}"


def _comparison(found: Comparison) -> Iterator[str]:
    yield f"{found.kind}: {text.line(found.sentence, 400)}"
    yield from (f"  {text.line(reason, 300)}" for reason in found.reasons)
    for change in found.texts:
        mark = "!" if change.notable else " "
        yield f"  {mark} {text.line(change.path)}: {text.line(change.words)}"
    for file in found.files:
        yield f"    {file.change} {text.line(file.path)}"
    yield f"{found.same} tensors identical, {len(found.tensors)} not"
    for one in found.tensors[:_TENSORS]:
        yield f"  {one.kind:<24}{words.percent(one.relative):>9}  {text.line(one.name)}"
    if len(found.tensors) > _TENSORS:
        yield f"  … and {len(found.tensors) - _TENSORS} more"


def _figure(figure: object) -> str:
    if isinstance(figure, Estimate):
        return f"{words.quantity(figure.value, figure.unit)} ({words.interval(figure)})"
    return "not measured"
