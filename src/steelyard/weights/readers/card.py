"""Model cards and licence texts: what they claim, for comparison with the files."""

import re
from collections.abc import Iterator

from steelyard.weights import front_matter
from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text

HEADING = 300
"""Bytes in which a licence's text has its title."""

LONGEST_FRONT = 64 << 10
MOST = 20
"""Values of one key that are told."""

TITLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for name, pattern in (
        ("llama2", r"\bLLAMA 2 COMMUNITY LICENSE AGREEMENT"),
        ("llama3.1", r"\bLLAMA 3\.1 COMMUNITY LICENSE AGREEMENT"),
        ("llama3.2", r"\bLLAMA 3\.2 COMMUNITY LICENSE AGREEMENT"),
        ("llama3.3", r"\bLLAMA 3\.3 COMMUNITY LICENSE AGREEMENT"),
        ("llama4", r"\bLLAMA 4 COMMUNITY LICENSE AGREEMENT"),
        ("llama3", r"\b(?:META )?LLAMA 3 COMMUNITY LICENSE AGREEMENT"),
        ("gemma", r"\bGemma Terms of Use"),
        ("agpl-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3"),
        ("gpl-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
        ("cc-by-nc-4.0", r"Attribution-NonCommercial 4\.0 International"),
        ("cc-by-nc-sa-4.0", r"Attribution-NonCommercial-ShareAlike 4\.0 International"),
        ("openrail", r"\bOpen ?RAIL"),
        ("apache-2.0", r"\A\s*Apache License\s+Version 2\.0, January 2004"),
        ("mit", r"\A\s*(?:The )?MIT License"),
    )
)
"""Licence id of the hub → its title near the top of the text. Titles only: what the text
says is for `steelyard licence`."""


class Card(Reader):
    """Markdown with a YAML head, and texts whose title is a licence's."""

    format = "card"
    rank = 1
    rules = ()

    def sniff(self, source: Source) -> bool:
        """Metadata first, or a licence's title in the head."""
        if not looks_like_text(source):
            return False
        words = source.head.decode("utf-8", "replace")
        return front_matter.opens(words) or _title(source) != ""

    def read(self, source: Source, context: Context) -> Iterator[Item]:  # noqa: ARG002 (facts only)
        """What the head declares; the second value of a key is `dataset-2`, and so on."""
        words = source.read(0, LONGEST_FRONT).decode("utf-8", "replace")
        for key, values in front_matter.metadata(words).items():
            for number, value in enumerate(values[:MOST], 1):
                name = front_matter.FACTS[key]
                yield Fact(name=name if number == 1 else f"{name}-{number}", value=value)
        title = _title(source)
        if title:
            yield Fact(name="licence-text", value=title)


def _title(source: Source) -> str:
    words = source.head[:HEADING].decode("utf-8", "replace")
    if words.lstrip("\ufeff \n")[:1] in "{[<#":
        return ""
    return next((name for name, pattern in TITLES if pattern.search(words)), "")
