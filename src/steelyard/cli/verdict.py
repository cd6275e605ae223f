"""The verdict on a terminal: gates, figures, and one sentence."""

from steelyard.evidence.predicates.audit import Audit, GateResult, MeasureResult
from steelyard.evidence.value import Estimate, Skipped
from steelyard.policy import rule

STYLES = {
    "pass": "green", "fail": "bold red", "inconclusive": "yellow", "not-measured": "dim",
    "admit": "bold green", "refuse": "bold red", "review": "bold yellow",
}  # fmt: skip
MOST = 8
"""Reasons that a terminal shows."""

SENTENCES = {
    "admit": "ADMIT: every gate of policy {policy} holds.",
    "refuse": "REFUSE: at least one gate of policy {policy} does not hold.",
    "review": "REVIEW: policy {policy} is not decided by this evidence.",
}


def show(found: Audit) -> None:
    """Print gates, figures by dimension, what was not measured, the verdict."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    figures = {m.metric: m for probe in found.probes for m in probe.measures}
    gates = Table(title=f"Gates of policy {escape(found.policy)}", title_justify="left")
    for column in ("gate", "claim", "measured", "cases", ""):
        gates.add_column(column, justify="right" if column == "cases" else "left")
    for gate in found.gates:
        style = STYLES[gate.state]
        gates.add_row(
            escape(gate.metric),
            f"{gate.op} {number(gate.threshold)}",
            _measured(figures.get(gate.metric)),
            str(gate.n),
            f"[{style}]{gate.state}[/]",
        )
    if found.gates:
        console.print(gates)
    for gate in found.gates:
        measure = figures.get(gate.metric)
        estimate = measure.estimate if measure is not None else None
        more = rule.beyond(gate, gate.state, estimate if isinstance(estimate, Estimate) else None)
        if more and gate.reason not in found.reasons[:MOST]:
            console.print(f"[dim]{escape(gate.metric)}: {escape(more)}[/]", soft_wrap=True)
    console.print(_figures(found))
    for skipped in found.not_measured:
        if skipped.what not in {gate.metric for gate in found.gates}:
            console.print(f"[dim]not measured: {escape(skipped.what)}: {escape(skipped.reason)}[/]")
    sentence = SENTENCES[found.verdict].format(policy=found.policy)
    console.print(f"\n[{STYLES[found.verdict]}]{escape(sentence)}[/]")
    console.print(f"  {_count(found.gates)}; {found.journal.calls} calls counted.")
    for reason in found.reasons[:MOST]:
        console.print(f"  · {escape(reason)}", soft_wrap=True)
    if len(found.reasons) > MOST:
        console.print(f"  · and {len(found.reasons) - MOST} more, in the report")


def number(value: float, unit: str = "fraction") -> str:
    """A figure as a person reads it.

    >>> number(0.0512), number(-0.2, "points"), number(0.9961), number(1.25, "nats")
    ('5.1 %', '-20 pt', '99.6 %', '1.25 nats')
    """
    if unit not in ("fraction", "points"):
        return f"{value:.3g} {unit}"
    hundredths = 100 * value
    near_an_end = 0 < abs(hundredths) < 10 or 99 < abs(hundredths) < 100  # noqa: PLR2004 (percent)
    text = f"{hundredths:.1f}" if near_an_end else f"{hundredths:.0f}"
    return f"{text.removesuffix('.0')} {'%' if unit == 'fraction' else 'pt'}"


def interval(estimate: Estimate) -> str:
    """Value and interval."""
    low, high = number(estimate.low, estimate.unit), number(estimate.high, estimate.unit)
    return f"{number(estimate.value, estimate.unit)}  ({low} to {high})"


def _figures(found: Audit) -> object:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Main figures; the report has all", title_justify="left")
    for column in ("dimension", "figure", "measured", "cases"):
        table.add_column(column, justify="right" if column == "cases" else "left")
    last = ""
    for probe in sorted(found.probes, key=lambda probe: (probe.dimension, probe.id)):
        main = probe.measures[0]
        dimension = "" if probe.dimension == last else probe.dimension
        title = escape(f"{probe.title}: {main.title}")
        table.add_row(dimension, title, _measured(main), str(probe.cases - probe.missing))
        last = probe.dimension
    return table


def _measured(measure: MeasureResult | None) -> str:
    match measure.estimate if measure is not None else None:
        case Estimate() as estimate:
            return interval(estimate)
        case Skipped(reason=reason):
            return f"[dim]{reason}[/]"
        case _:
            return "[dim]not measured[/]"


def _count(gates: tuple[GateResult, ...]) -> str:
    states = [gate.state for gate in gates]
    return ", ".join(
        f"{states.count(state)} {word}"
        for state, word in (
            ("pass", "passed"), ("fail", "failed"), ("inconclusive", "inconclusive"),
            ("not-measured", "not measured"),
        )
        if state in states
    ) or "no gates"  # fmt: skip
