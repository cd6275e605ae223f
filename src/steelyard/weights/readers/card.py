"""Model cards and licence texts: what they claim, for comparison with the files."""

import re
from collections.abc import Iterator

from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text

FRONT = re.compile(r"\A\ufeff?\s*---\r?\n(.*?)\r?\n---", re.DOTALL)
FIELD = re.compile(
    r"^(license|base_model)\s*:[ \t]*([^\n#]*)(?:\n[ \t]*-[ \t]*([^\n#]+))?", re.MULTILINE
)
LONGEST_FRONT = 64 << 10

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
        """A `---` line first, or a licence's title in the head."""
        if not looks_like_text(source):
            return False
        words = source.head.decode("utf-8", "replace")
        return (
            words.lstrip("\ufeff \n").startswith("---") and FIELD.search(words) is not None
        ) or _title(source) != ""

    def read(self, source: Source, context: Context) -> Iterator[Item]:  # noqa: ARG002 (facts only)
        """Licence and base model."""
        front = FRONT.match(source.read(0, LONGEST_FRONT).decode("utf-8", "replace"))
        for name, value, listed in FIELD.findall(front[1]) if front else ():
            claimed = (value.strip() or listed.strip()).strip("\"'[]")
            if claimed:
                kind = "licence" if name == "license" else "base-model"
                yield Fact(name=kind, value=claimed)
        title = _title(source)
        if title:
            yield Fact(name="licence-text", value=title)


def _title(source: Source) -> str:
    words = source.head[:2000].decode("utf-8", "replace")
    if words.lstrip("\ufeff \n")[:1] in "{[<#":
        return ""
    return next((name for name, pattern in TITLES if pattern.search(words)), "")
