"""OWASP Top 10 for LLM applications: titles by edition, and which entry became which.

The numbers changed meaning between editions (LLM06 was Excessive Agency in 2025 and is
Unbounded Consumption in 2026), so a bare `LLM06` says nothing: every control is keyed
`owasp-llm:<edition>:<entry>`. Only titles and numbers stand here, no text of the lists.

Source: OWASP Top 10 for LLM Applications, editions 2025 and 2026 (GenAI Security Project,
`2026/final/`, published 4 August 2026). The crosswalk pairs entries by subject; in one case
the subject was widened: Hidden Context Exposure covers more than System Prompt Leakage did.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from steelyard.errors import InputError

Edition = Literal["2025", "2026"]
EDITIONS: tuple[Edition, ...] = ("2026", "2025")
"""The newest first."""

TITLES: Mapping[Edition, Mapping[str, str]] = MappingProxyType(
    {
        "2026": MappingProxyType(
            {
                "LLM01": "Prompt Injection",
                "LLM02": "Sensitive Information Disclosure",
                "LLM03": "Excessive Agency",
                "LLM04": "Supply Chain",
                "LLM05": "Data and Model Poisoning",
                "LLM06": "Unbounded Consumption",
                "LLM07": "Misinformation",
                "LLM08": "Hidden Context Exposure",
                "LLM09": "Vector and Embedding Weaknesses",
                "LLM10": "Improper Output Handling",
            }
        ),
        "2025": MappingProxyType(
            {
                "LLM01": "Prompt Injection",
                "LLM02": "Sensitive Information Disclosure",
                "LLM03": "Supply Chain",
                "LLM04": "Data and Model Poisoning",
                "LLM05": "Improper Output Handling",
                "LLM06": "Excessive Agency",
                "LLM07": "System Prompt Leakage",
                "LLM08": "Vector and Embedding Weaknesses",
                "LLM09": "Misinformation",
                "LLM10": "Unbounded Consumption",
            }
        ),
    }
)
"""Edition → entry → title."""

RENAMED: Mapping[str, str] = MappingProxyType({"Hidden Context Exposure": "System Prompt Leakage"})
"""Title of 2026 → title of 2025, where they differ."""


def identifier(edition: Edition, entry: str) -> str:
    """Edition-keyed name of an entry.

    >>> identifier("2026", "LLM03")
    'owasp-llm:2026:LLM03'
    """
    return f"owasp-llm:{edition}:{entry}"


def parse(name: str) -> tuple[Edition, str]:
    """Edition and entry of an edition-keyed name.

    Raises:
        InputError: no such edition or entry, or a bare number.
    """
    match name.split(":"):
        case ["owasp-llm", ("2025" | "2026") as edition, entry] if entry in TITLES[edition]:
            return edition, entry
    raise InputError(f"no OWASP LLM entry {name!r}; write e.g. owasp-llm:2026:LLM01")


def title(name: str) -> str:
    """Title of an entry, e.g. `Excessive Agency`.

    Raises:
        InputError: see `parse`.
    """
    edition, entry = parse(name)
    return TITLES[edition][entry]


def crosswalk(name: str, edition: Edition) -> str:
    """The entry of another edition on the same subject.

    >>> crosswalk("owasp-llm:2026:LLM03", "2025")
    'owasp-llm:2025:LLM06'

    Raises:
        InputError: see `parse`.
    """
    own, _ = parse(name)
    wanted = title(name)
    if own != edition:
        names = RENAMED if edition == "2025" else {old: new for new, old in RENAMED.items()}
        wanted = names.get(wanted, wanted)
    entries = {words: entry for entry, words in TITLES[edition].items()}
    return identifier(edition, entries[wanted])
