"""A model-card section: YAML metadata that hubs index, and the audit in words.

Source: huggingface.co/docs/hub/model-cards, `model-index` (results with task, dataset,
metrics). Only measured figures go in; an interval goes beside each, since a bare number is
not a measurement.
"""

import json
from collections.abc import Iterator

from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.statement import Statement
from steelyard.evidence.value import Estimate
from steelyard.render import document, markdown, text, view, words


def render(statement: Statement) -> str:
    """YAML front matter and a Markdown section.

    Raises:
        InputError: the statement is not about an audit.
    """
    found = document.expect(statement, Audit, "a model card")
    lines = ["---", *_metadata(found, statement), "---", "", *markdown.audit(found, statement)]
    return "\n".join(lines) + "\n"


def _metadata(found: Audit, statement: Statement) -> Iterator[str]:
    measured = [row for row in view.rows(found) if isinstance(row.measure.estimate, Estimate)]
    if not measured:
        yield "model-index: []"
        return
    yield "model-index:"
    yield f"- name: {_scalar(statement.subject[0].name or words.name_of(found))}"
    yield "  results:"
    for row in measured:
        figure = row.measure.estimate
        if not isinstance(figure, Estimate):
            continue
        yield "  - task:"
        yield "      type: text-generation"
        yield "    dataset:"
        yield f"      name: {_scalar(row.probe.title)}"
        yield f"      type: {_scalar(f'steelyard/{row.probe.id}')}"
        yield "    metrics:"
        yield f"    - name: {_scalar(row.measure.title)}"
        yield f"      type: {_scalar(row.measure.metric)}"
        yield f"      value: {figure.value:.6g}"
        yield "      args:"
        yield f"        low: {figure.low:.6g}"
        yield f"        high: {figure.high:.6g}"
        yield f"        confidence: {figure.confidence:.6g}"
        yield f"        n: {figure.n}"
        yield f"        unit: {_scalar(figure.unit)}"


def _scalar(value: str) -> str:
    """A YAML double-quoted scalar: JSON strings are one (YAML 1.2 §1.3)."""
    return json.dumps(text.line(value), ensure_ascii=False)
