"""XML and HTML (PMML, OpenVINO, SVG, pages): looked through, never parsed with entities."""

import codecs
import re
from collections.abc import Iterator

from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import MOST_TEXT, looks_like_text

ENTITY = Rule(
    id="markup/entity",
    title="XML that defines or fetches entities",
    severity="high",
    effect="review",
    what="The document declares entities, or names an external one or a document type to be "
    "fetched.",
    why="A parser that expands them reads local files, asks other machines or fills its memory.",
    fix="Remove the document type declaration; no model format needs one.",
    references=("CWE-611", "CWE-776"),
)
INCLUDE = Rule(
    id="markup/include",
    title="XML that pulls in other documents",
    severity="high",
    effect="review",
    what="The document uses XInclude, a stylesheet instruction or a schema from elsewhere.",
    why="The parser fetches a file or address that the author chose.",
    fix="Remove it.",
    references=("CWE-611", "CWE-829"),
)
SCRIPT = Rule(
    id="markup/script",
    title="Script in a document",
    severity="high",
    effect="review",
    what="The document holds a script, an event handler, an embedded object or an extension "
    "that names a program.",
    why="It runs in the browser of whoever opens it, or in the engine that evaluates the model.",
    fix="Remove it; publish pages apart from models.",
    references=("CWE-79", "CWE-94"),
)

PATTERNS: tuple[tuple[Rule, str], ...] = (
    (ENTITY, r"<!ENTITY\s+[^>]{0,200}"),
    (ENTITY, r"<!DOCTYPE\s+(?!html)[^>\[]{0,200}?\bSYSTEM\s+[^>\[]{0,200}"),
    (ENTITY, r"<!DOCTYPE\s[^>\[]{0,300}\["),
    (INCLUDE, r"http://www\.w3\.org/(?:2001|2003)/XInclude"),
    (INCLUDE, r"<\w{0,20}:include\s[^>]{0,200}"),
    (INCLUDE, r"<\?xml-stylesheet\s[^>]{0,200}"),
    (SCRIPT, r"<(?:\w{1,20}:)?script\b[^>]{0,200}"),
    (SCRIPT, r"<(?:iframe|object|embed|applet)\b[^>]{0,200}"),
    (SCRIPT, r"<\w[^<>]{0,300}\son[a-z]{3,20}\s*=\s*[\"'][^\"']{1,200}"),
    (SCRIPT, r"(?:href|src|action)\s*=\s*[\"']\s*(?:java|vb)script:[^\"']{0,200}"),
    (SCRIPT, r"xmlns:\w{1,20}\s*=\s*[\"'](?:java:|http://xml\.apache\.org/xalan)"),
    (SCRIPT, r"xmlns:\w{1,20}\s*=\s*[\"']urn:schemas-microsoft-com:xslt"),
    (SCRIPT, r"(?:java\.lang\.Runtime|ProcessBuilder|os\.system|subprocess\.)[^<]{0,100}"),
)
CHECKS = tuple((rule, re.compile(pattern, re.IGNORECASE)) for rule, pattern in PATTERNS)
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_EACH = 5


class Markup(Reader):
    """Text whose first character is `<`."""

    format = "markup"
    rank = 1
    rules = (ENTITY, INCLUDE, SCRIPT)

    def sniff(self, source: Source) -> bool:
        """An opening tag first of all, also in UTF-16, where text readers do not look."""
        head = source.head
        if head.startswith(MARKS):
            return head.decode("utf-16", "ignore").lstrip("\ufeff").lstrip().startswith("<")
        bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
        tag = re.match(rb"<[!?\w]", bare) is not None and not bare.startswith(b"<|")
        return tag and looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Each kind of danger, a few times at most."""
        data = source.read(0, min(source.size, MOST_TEXT))
        words = data.decode("utf-16" if data.startswith(MARKS) else "utf-8-sig", "replace")
        for rule, pattern in CHECKS:
            for count, match in enumerate(pattern.finditer(words)):
                if count >= MOST_EACH:
                    break
                line = words.count("\n", 0, match.start()) + 1
                shown = " ".join(match[0].split())
                yield rule.at(context.place(detail=f"line {line}"), f"line {line}: {shown[:160]}")
