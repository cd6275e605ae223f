"""JSON: the statement itself, in the canonical form that is signed."""

from steelyard.evidence.statement import Statement


def render(statement: Statement) -> str:
    """Sorted keys, no spaces, one line, as `Statement.encode` gives it."""
    return statement.encode().decode() + "\n"
