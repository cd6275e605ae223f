"""Jinja templates, alone in a file or out of a header."""

import hashlib
from collections.abc import Iterator

from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text, read_text
from steelyard.weights.templates.rules import RULES, UNREADABLE

NAMES = (".jinja", ".jinja2", ".j2")
"""A name adds a claim; it never takes one away."""


class Template(Reader):
    """Text that begins with a Jinja tag, or is called a template."""

    format = "jinja"
    rank = 1
    rules = RULES

    def sniff(self, source: Source) -> bool:
        """A Jinja tag first of all, or a template's name."""
        start = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
        named = source.name.lower().endswith(NAMES)
        return (named or start in (b"{%", b"{{", b"{#")) and looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Remarks as findings, and the digest by which templates are compared."""
        from steelyard.weights.templates.analysis import (
            remarks,
        )  # jinja2, where there is a template

        words = read_text(source)
        if words is None:
            yield UNREADABLE.at(context.place(), f"the template is {source.size} bytes long")
            return
        normal = "\n".join(line.rstrip() for line in words.strip().splitlines())
        yield Fact(name="chat-template-sha256", value=hashlib.sha256(normal.encode()).hexdigest())
        for remark in remarks(words):
            yield remark.rule.at(
                context.place(detail=f"line {remark.line}"),
                remark.message,
                confidence="likely" if remark.confident else "possible",
                severity="low" if remark.low else None,
            )
