"""Which risks of the OWASP Top 10 for LLM applications an audit touched."""

from dataclasses import dataclass

from steelyard.evidence import owasp
from steelyard.evidence.predicates.audit import Audit


@dataclass(frozen=True, slots=True)
class Covered:
    """One risk of the 2026 edition."""

    id: str
    """`LLM01`."""

    title: str
    before: str
    """Its number in the 2025 edition, where it meant this."""

    probes: tuple[str, ...]
    """Ids of the probes in this audit that touch it."""


def of(audit: Audit) -> tuple[Covered, ...]:
    """Every risk in order, the untouched too."""
    found = []
    for entry, title in owasp.TITLES["2026"].items():
        control = owasp.identifier("2026", entry)
        before = owasp.crosswalk(control, "2025").rpartition(":")[2]
        probes = tuple(probe.id for probe in audit.probes if control in probe.owasp)
        found.append(Covered(entry, title, before, probes))
    return tuple(found)
