"""The audit from Python."""

from steelyard.evidence.statement import Statement


def audit(reference: str = "") -> Statement:
    """Weigh a model and return the unsigned statement."""
    raise NotImplementedError(reference)
