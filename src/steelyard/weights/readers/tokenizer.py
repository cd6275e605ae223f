"""`tokenizer.json` of the tokenizers library: tokens, ids, and rules that rewrite text.

Source: github.com/huggingface/tokenizers, tokenizers/src/tokenizer/serialization.rs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.weights import invisible
from steelyard.weights.backtracking import explodes
from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_json_object, read_object

REWRITE = Rule(
    id="tokenizer/rewrite",
    title="Tokenizer that rewrites words",
    severity="high",
    effect="review",
    what="A normaliser or decoder replaces text by words or an address.",
    why="What the user typed is not what the model reads, or what the model wrote is not what "
    "is shown; no weight is changed for it.",
    fix="Use the base model's tokenizer, and compare.",
    references=("https://huggingface.co/docs/tokenizers/api/normalizers",),
)
HIDDEN = Rule(
    id="tokenizer/invisible-token",
    title="Added token that cannot be seen",
    severity="medium",
    effect="review",
    what="An added token holds direction-changing, tag or other invisible characters.",
    why="It can stand in a prompt without being seen, and mean something to the model.",
    fix="Compare the added tokens with the base model's.",
    references=("https://www.unicode.org/reports/tr36/",),
)
CLASH = Rule(
    id="tokenizer/id-clash",
    title="Two tokens with one id",
    severity="medium",
    effect="review",
    what="Two different tokens have the same id, or an added token's id is negative.",
    why="One of them becomes the other: a marker that ends a turn can hide behind a word.",
    fix="Compare the tokenizer with the base model's.",
)
PHRASE = Rule(
    id="tokenizer/phrase-token",
    title="Added token that is a sentence",
    severity="medium",
    effect="review",
    what="An added token holds a sentence or an address.",
    why="One token then stands for words that nobody sees being put in: a trigger with a weight "
    "of its own.",
    fix="Compare the added tokens with the base model's.",
)
SLOW = Rule(
    id="tokenizer/slow-pattern",
    title="Tokenizer pattern that can hang",
    severity="medium",
    effect="review",
    what="A regular expression of the tokenizer repeats a repetition, as `(a+)+` does.",
    why="On some texts its time doubles with every character: one request stops the server.",
    fix="Use the base model's tokenizer, and compare.",
    references=("CWE-1333",),
)
WORDS = re.compile(r"[^\W\d_]{3,}")
SENTENCE = re.compile(r"(?:[^\W\d_]{2,}\s+){3,}[^\W\d_]{2,}|https?://")


class Tokenizer(Reader):
    """A JSON object with `model` and `added_tokens`."""

    format = "tokenizer"
    rank = 1
    rules = (REWRITE, HIDDEN, CLASH, PHRASE, SLOW)

    def sniff(self, source: Source) -> bool:
        """`added_tokens` near the start, or `vocab` and `merges` or `type` anywhere there."""
        return looks_like_json_object(source) and b'"added_tokens"' in source.head

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Tokens, then what normalisers and decoders replace."""
        document = read_object(source) or {}
        model, added = document.get("model"), document.get("added_tokens")
        if not isinstance(model, dict) or not isinstance(added, list):
            return
        ids = _ids(model.get("vocab"))
        yield from _shared(ids, context)
        yield from _added(added, ids, context)
        known = [number for number in ids.values() if isinstance(number, int)]
        if known:
            yield Fact(name="tokens", value=str(max(known) + 1))
        for part in ("normalizer", "pre_tokenizer", "decoder", "post_processor"):
            yield from _replacements(document.get(part), part, context)
            yield from _slow(document.get(part), part, context)


def _ids(vocabulary: Any) -> dict[str, int]:
    match vocabulary:
        case dict():
            return dict(vocabulary)
        case list():
            return {
                str(item[0]): index
                for index, item in enumerate(vocabulary)
                if isinstance(item, list) and item
            }
        case _:
            return {}


def _shared(ids: dict[str, int], context: Context) -> Iterator[Item]:
    owners: dict[int, str] = {}
    shared = [
        (number, owners[number], text)
        for text, number in ids.items()
        if isinstance(number, int) and owners.setdefault(number, text) != text
    ]
    if shared:
        number, one, other = shared[0]
        message = f"id {number} is {one[:80]!r} and {other[:80]!r}; {len(shared)} such pairs"
        yield CLASH.at(context.place(detail="model.vocab"), message)


def _added(added: list[Any], ids: dict[str, int], context: Context) -> Iterator[Item]:
    owners = {number: text for text, number in ids.items()}
    for token in added:
        if not isinstance(token, dict):
            continue
        text, number = str(token.get("content")), token.get("id")
        place = context.place(detail=f"added token {number}")
        if invisible.STEERING.search(text) or (text and not _visible(text)):
            points = " ".join(f"U+{ord(letter):04X}" for letter in text[:8])
            yield HIDDEN.at(place, f"added token {number} is {points}")
        if SENTENCE.search(text):
            yield PHRASE.at(place, f"added token {number} is {text[:200]!r}")
        if isinstance(number, int):
            if number < 0 or owners.get(number, text) != text:
                yield CLASH.at(place, f"id {number} is {owners.get(number)!r} and {text!r}")
            owners[number] = text
            ids[text] = number


def _visible(text: str) -> bool:
    return bool(invisible.HIDDEN.sub("", text))


def _replacements(part: Any, where: str, context: Context, depth: int = 0) -> Iterator[Item]:
    if not isinstance(part, dict) or depth > 20:
        return
    if part.get("type") == "Replace":
        content = part.get("content")
        if isinstance(content, str) and (WORDS.search(content) or "://" in content):
            place = context.place(detail=where)
            pattern = _pattern(part.get("pattern"))
            yield REWRITE.at(place, f"{where} replaces {pattern} by {content[:200]!r}")
    for key in ("normalizers", "decoders", "pretokenizers", "processors"):
        for item in part.get(key) or ():
            yield from _replacements(item, where, context, depth + 1)


def _slow(part: Any, where: str, context: Context, depth: int = 0) -> Iterator[Item]:
    """Every regular expression of a part, however deep it stands."""
    if depth > 20:
        return
    if isinstance(part, dict):
        regex = part.get("Regex")
        if isinstance(regex, str) and explodes(regex):
            place = context.place(detail=where)
            yield SLOW.at(place, f"{where} matches {regex[:200]!r}", confidence="possible")
    for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _slow(item, where, context, depth + 1)


def _pattern(pattern: Any) -> str:
    found = list(pattern.values())[:1] if isinstance(pattern, Mapping) else [pattern]
    return repr(found[0])[:200] if found else "nothing"
