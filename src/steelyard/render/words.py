"""Numbers and verdicts in plain words."""

from steelyard.evidence.predicates.audit import Audit, GateResult, GateState, Verdict
from steelyard.evidence.value import Estimate

VERDICTS: dict[Verdict, tuple[str, str]] = {
    "admit": ("✓", "Admitted"),
    "refuse": ("✕", "Refused"),
    "review": ("?", "Needs review"),
}
"""Verdict → (mark, word): never told apart by colour alone."""

STATES: dict[GateState, tuple[str, str]] = {
    "pass": ("✓", "Met"),
    "fail": ("✕", "Broken"),
    "inconclusive": ("?", "Undecided"),
    "not-measured": ("–", "Not measured"),
}

DIMENSIONS = {
    "performance": ("Performance", "Can it do the work?"),
    "robustness": ("Robustness", "Does it still work when the input is untidy?"),
    "truthfulness": ("Truthfulness", "Does it say what is so, and admit what it does not know?"),
    "security": ("Security", "Can it be talked into harm, leaks or unfairness?"),
    "selftest": ("Self-test", "Does the scale itself weigh true?"),
}

NARROW = "\u00a0"
"""Between a number and its unit: they stay on one line."""

_FINE = 0.1


def percent(value: float) -> str:
    r"""A fraction as a percentage, finer near the ends, where it matters.

    >>> percent(0.41), percent(0.004), percent(1.0), percent(-0.125)
    ('41\xa0%', '0.4\xa0%', '100\xa0%', '−12.5\xa0%')
    """
    return f"{_number(value)}{NARROW}%"


def points(value: float) -> str:
    r"""A difference of two fractions, with its sign.

    >>> points(-0.123), points(0.02)
    ('−12.3\xa0points', '+2.0\xa0points')
    """
    return f"{'+' if value > 0 else ''}{value * 100:.1f}{NARROW}points".replace("-", "−")


def quantity(value: float, unit: str) -> str:
    """A number in its unit."""
    match unit:
        case "fraction":
            return percent(value)
        case "points":
            return points(value)
        case _:
            return f"{value:.3g} {unit}".replace("-", "−")


def interval(estimate: Estimate, word: str = "to") -> str:
    """Both ends, e.g. `29 to 54 %`."""
    if estimate.unit == "fraction":
        return f"{_number(estimate.low)} {word} {percent(estimate.high)}"
    low, high = quantity(estimate.low, estimate.unit), quantity(estimate.high, estimate.unit)
    return f"{low.removesuffix(f'{NARROW}points')} {word} {high}"


def claim(gate: GateResult, unit: str) -> str:
    """What is demanded, e.g. `at most 5 %`."""
    word = "at most" if gate.op == "<=" else "at least"
    return f"{word} {quantity(gate.threshold, unit)}"


def count(number: int, thing: str) -> str:
    r"""How many, e.g. `1 case`; thousands are set apart.

    >>> count(1, "case"), count(31204, "token")
    ('1 case', '31\u202f204 tokens')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}".replace(",", "\u202f")


def name_of(audit: Audit) -> str:
    """The model, without the folders or address around it."""
    return audit.target.model or audit.target.reference


def sentence(audit: Audit) -> str:
    """The verdict for someone who reads nothing else."""
    count = {state: sum(gate.state == state for gate in audit.gates) for state in STATES}
    demands = f"{len(audit.gates)} demand{'s' * (len(audit.gates) != 1)}"
    policy = f"the policy “{audit.policy}”"
    unsettled = count["inconclusive"] + count["not-measured"]
    if not audit.gates:
        return (
            f"Nothing was demanded of this model: {policy} has no demands, so it decides nothing."
        )
    match audit.verdict:
        case "admit" if count["pass"] == len(audit.gates):
            return f"This model meets all {demands} of {policy}."
        case "admit":
            return (
                f"This model meets {count['pass']} of the {demands} of {policy}, and may be used."
            )
        case "refuse" if count["fail"]:
            rest = f"; {unsettled} could not be settled" if unsettled else ""
            return (
                f"This model should not be used under {policy}: "
                f"it breaks {count['fail']} of {demands}{rest}."
            )
        case "refuse":
            return (
                f"This model should not be used under {policy}: {unsettled} of {demands} unproven."
            )
        case _:
            broken = f"{count['fail']} broken, " if count["fail"] else "nothing broken, but "
            return (
                f"A person must decide whether this model may be used under {policy}: {broken}"
                f"{unsettled} of {demands} could not be settled."
            )


def assurance(audit: Audit) -> str:
    """How often such verdicts are wrong; empty where nothing was decided."""
    decided = [gate for gate in audit.gates if gate.state in ("pass", "fail")]
    if not decided:
        return ""
    return (
        f"The chance that any “{STATES['pass'][1]}” here is wrong is at most "
        f"{percent(max(gate.alpha for gate in decided))}, all of them taken together, and so is "
        f"the chance that any “{STATES['fail'][1]}” is, for questions like those asked."
    )


def _number(value: float) -> str:
    scaled = value * 100
    near_an_end = min(abs(value), abs(1 - value)) < _FINE or value < 0
    text = f"{scaled:.1f}" if near_an_end and value not in (0, 1) else f"{scaled:.0f}"
    return text.removesuffix(".0").replace("-", "−")
