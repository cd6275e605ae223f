r"""The number that an answer gives.

Exact string match fails "1 + 1 = 2" and "**42**"; the first number in an answer is often an
operand, the last one often an aside. A reader looks for the conclusion, in this order:

1. what follows a conclusion marker (`answer is`, `Answer:`, `####`, `\boxed{`), the last
   such marker deciding: the first number after it, or the result if that is an equation;
2. a first line that opens with the number and holds no other, or is one equation ("42.",
   "42 apples", "$42", "6 x 7 = 42"): the answer came first, the rest explains;
3. the last number in bold;
4. in the last sentence that holds a number: the result of its last equation, else its
   last number (the conclusion of worked steps, as GSM8K's scorers take it). A bare list of
   numbers is no answer.

Digits may carry thousands separators, a currency, a percent sign, decimals (42.0 is 42);
number words count when there are no digits.
"""

import re
from fractions import Fraction
from itertools import pairwise

_NUMBER = re.compile(r"\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+")
_MARKER = re.compile(
    r"(?:\banswer(?:\s+\w+)?\s*(?:\bis\b|:|=|\bequals\b|\bwould be\b)"
    r"|####|\\boxed\s*\{|\btherefore,?\s|\bequals\b)",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_SENTENCE = re.compile(r"\n+|(?<=[.!?])\s+")
_OPENING = re.compile(r"^[\s*_`\"'($£€#-]*$")
_OPERATOR = re.compile("^\\s*[-+*/x\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}^]\\s*[\\d(]")
_MINUS = "-\N{MINUS SIGN}\N{EN DASH}"
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen", "twenty"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * tens for tens, word in enumerate(_TENS, 2)
}


def read(text: str, *, cut: bool = False) -> Fraction | None:
    """The number that the answer gives; None when it gives none.

    With `cut` the answer ran out of tokens: its last word doesn't count, and working that
    never came to a conclusion (readings 3 and 4) gives none.
    """
    text = text.replace("\\,", ",").replace("\\$", "$").strip()
    if cut:
        text = re.sub(r"\S+$", "", text)
    if not _NUMBER.search(text):
        return None if cut else _spelled(text)
    readings = (_after_marker, _first_line, _in_bold, _last_sentence)
    for reading in readings[: 2 if cut else 4]:
        value = reading(text)
        if value is not None:
            return value
    return None


def values(text: str) -> list[Fraction]:
    """Every number in a text, in order."""
    return [value for value, _, _ in _found(text)]


def _found(text: str) -> list[tuple[Fraction, int, int]]:
    """(value, start, end); a minus belongs to a number unless something stands before it."""
    found = []
    for match in _NUMBER.finditer(text):
        digits = re.sub(r"[,\u00a0\u202f]", "", match[0])
        start, sign = match.start(), 1
        before = text[:start].rstrip("$£€ ") if text[:start][-1:] in "$£€" else text[:start]
        if before and before[-1] in _MINUS and not re.search(r"[\w)]\s*$", before[:-1]):
            start, sign = len(before) - 1, -1
        found.append((sign * Fraction(digits), start, match.end()))
    return found


def _result(text: str) -> Fraction | None:
    """Result of the last equation: the side of `=` that is a number alone."""
    if "=" not in text:
        return None
    result = None
    sides = text.split("=")
    for left, right in pairwise(sides):
        after, before = _found(right), _found(left)
        if after and not _OPERATOR.match(right[after[0][2] :]):
            result = after[0][0]
        elif before and len(before) == 1:
            result = before[0][0]
    return result


def _after_marker(text: str) -> Fraction | None:
    for marker in reversed(list(_MARKER.finditer(text))):
        rest = _SENTENCE.split(text[marker.end() :].lstrip(), maxsplit=1)[0]
        found = _found(rest)
        if not found:
            continue
        value, _, end = found[0]
        return (_result(rest) or value) if _OPERATOR.match(rest[end:]) else value
    return None


def _first_line(text: str) -> Fraction | None:
    line = text.split("\n", 1)[0]
    found = _found(line)
    if len(found) == 1 and _OPENING.match(line[: found[0][1]]) and not line.endswith(":"):
        return found[0][0]
    if line.count("=") == 1 and not re.search(r"[^\W\dx]{2,}", line):
        return _result(line)
    return None


def _in_bold(text: str) -> Fraction | None:
    for bold in reversed(_BOLD.findall(text)):
        if found := _found(bold):
            return _result(bold) or found[-1][0]
    return None


def _last_sentence(text: str) -> Fraction | None:
    for sentence in reversed(_SENTENCE.split(text)):
        if found := _found(sentence):
            if len(found) > 1 and not re.search(r"[^\W\d_]|=", sentence):
                return None
            return _result(sentence) or found[-1][0]
    return None


def _spelled(text: str) -> Fraction | None:
    """Last number word, tens and units joined (`forty-two`)."""
    words = re.findall(r"[a-z]+", text.lower())
    for place in reversed(range(len(words))):
        value = _WORDS.get(words[place])
        if value is None:
            continue
        tens = _WORDS.get(words[place - 1], 0) if place else 0
        joined = tens >= 20 and tens % 10 == 0 and 0 < value < 10  # noqa: PLR2004 (twenty, ten)
        return Fraction(value + tens if joined else value)
    return None
