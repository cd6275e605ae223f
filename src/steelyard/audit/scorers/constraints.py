"""Constraints on an answer's form that a program can verify.

After IFEval's verifiable instructions (Zhou et al., arXiv:2311.07911, Table 1), the `strict`
reading: the whole response as it came. We leave out constraints that need a language model
or a sentence splitter, because those would have an error of their own.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Literal

from steelyard.audit.scorers.texts import bare

Kind = Literal[
    "lowercase",
    "capitals",
    "no_commas",
    "at_most",
    "at_least",
    "keyword",
    "starts",
    "ends",
    "quoted",
    "bullets",
    "json",
]


def sentence(kind: Kind, argument: str | int = "") -> str:
    """How the constraint is put to the model."""
    return {
        "lowercase": "Use only small letters, no capitals.",
        "capitals": "Write everything in capital letters.",
        "no_commas": "Do not use any commas.",
        "at_most": f"Use at most {argument} words.",
        "at_least": f"Use at least {argument} words.",
        "keyword": f'Include the word "{argument}".',
        "starts": f'Begin your answer with the word "{argument}".',
        "ends": f'End your answer with the words "{argument}" and nothing after them.',
        "quoted": "Put your whole answer in double quotation marks.",
        "bullets": f'Write exactly {argument} bullet points, each on a line starting with "* ".',
        "json": f'Answer as a JSON object with the single key "{argument}".',
    }[kind]


def met(kind: Kind, argument: str | int, text: str) -> bool:
    """Whether the text keeps the constraint; an empty text keeps none."""
    text = text.strip()
    return bool(text) and _CHECKS[kind](text, argument)


def _words(text: str) -> int:
    return len(re.findall(r"\w+(?:['\N{RIGHT SINGLE QUOTATION MARK}-]\w+)*", text))


def _bullets(text: str) -> int:
    return len(re.findall(r"^\s*\* .*\w", text, re.MULTILINE))


def _keys(text: str) -> list[Any]:
    """Keys of the object; a code fence around it is allowed, as IFEval allows it."""
    text = re.sub(r"^```(?:json)?\s*|\s*```$", "", text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(value) if isinstance(value, dict) else []


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


_OPEN, _CLOSE = '"\N{LEFT DOUBLE QUOTATION MARK}', '"\N{RIGHT DOUBLE QUOTATION MARK}'
_CHECKS: dict[Kind, Callable[[str, Any], bool]] = {
    "lowercase": lambda text, _: text == text.lower() != text.upper(),
    "capitals": lambda text, _: text == text.upper() != text.lower(),
    "no_commas": lambda text, _: "," not in text,
    "at_most": lambda text, limit: _words(text) <= limit,
    "at_least": lambda text, limit: _words(text) >= limit,
    "keyword": lambda text, word: _has(rf"\b{re.escape(word)}\b", text),
    "starts": lambda text, word: _has(rf"^{re.escape(word)}\b", bare(text)),
    "ends": lambda text, words: bare(text).casefold().endswith(words.casefold()),
    "quoted": lambda text, _: len(text) > 1 and text[0] in _OPEN and text[-1] in _CLOSE,
    "bullets": lambda text, wanted: _bullets(text) == wanted,
    "json": lambda text, key: _keys(text) == [key],
}
