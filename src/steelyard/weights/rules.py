"""What a check can find, as data: the message, the documentation page and the verdict."""

from dataclasses import dataclass
from typing import Literal

from steelyard.evidence.value import Finding, Place, Severity

Effect = Literal["none", "review", "unreadable", "denied"]
"""What a finding makes of its file's verdict; the worst of all findings counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, declared beside the check that applies it."""

    id: str
    """`family/name`, lower case with hyphens, e.g. `safetensors/overlap`."""

    title: str
    """Three to eight words, for tables."""

    severity: Severity
    """Usual severity; a check may lower or raise it for one finding, saying why."""

    effect: Effect = "none"

    what: str
    """What is found, one or two sentences."""

    why: str
    """Why it matters to the person who loads the file."""

    fix: str
    """What to do."""

    references: tuple[str, ...] = ()
    """Advisories, specifications, papers: ids or URLs."""

    since: str = "0.1"
    """First version of Steelyard with this rule."""

    def at(
        self,
        place: Place,
        message: str,
        *,
        confidence: Literal["certain", "likely", "possible"] = "certain",
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            confidence=confidence,
            place=place,
            message=printable(message),
        )


LONGEST_MESSAGE = 600
"""Characters. A hostile file chooses the names that stand in messages."""


def printable(text: str, limit: int = LONGEST_MESSAGE) -> str:
    """`text` without what could drive a terminal or hide in a page, at most `limit` long."""
    shown = "".join(
        letter if letter.isprintable() else f"\\u{{{ord(letter):x}}}" for letter in text[:limit]
    )
    return shown if len(text) <= limit else shown + "…"
