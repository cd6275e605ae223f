"""`report.html`: one page that needs no network, no script and no second file."""

from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import SEVERITIES
from steelyard.render import coverage, document, environment, layers, repeat, view, words


def render(statement: Statement) -> str:
    """The page for an audit, an inspection or a comparison.

    Raises:
        InputError: the statement is of another type.
    """
    match document.read(statement):
        case Audit() as found:
            return _audit(statement, found)
        case Inspection() as found:
            ordered = sorted(found.findings, key=lambda one: -SEVERITIES.index(one.severity))
            return environment.page(
                "inspection.html", found=found, statement=statement, ordered=ordered
            )
        case Comparison() as found:
            return environment.page(
                "comparison.html", found=found, statement=statement, grid=layers.grid(found)
            )


def _audit(statement: Statement, found: Audit) -> str:
    demands = view.demands(found)
    return environment.page(
        "audit.html",
        found=found,
        statement=statement,
        assurance=words.assurance(found),
        demands=demands,
        broken=[demand for demand in demands if demand.gate.state == "fail"],
        dimensions=view.dimensions(found),
        pairs=view.pairs(found),
        worst=view.worst(found),
        unmeasured=view.unmeasured(found),
        owasp=coverage.of(found),
        command=repeat.command(found),
    )
