"""The word, phrase or list that an answer gives.

As with numbers, the conclusion counts, not a word's presence: "the word 'cat' reversed is
'tac'" says `tac`, and "I would not say tac, but cat" doesn't. Surrounding quotes, bold and
final stops are not part of an answer; capitals are, where the probe asks for them.
"""

import re
from collections.abc import Sequence

from steelyard.audit.scorers import numbers

_DRESS = " \t\"'`*_.,;:!?()[]{}<>\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_DRESS += "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
_MARKER = re.compile(
    r"\b(?:is|are|was|becomes|answer|result|gives|be)\b\s*:?\s|[:=\N{RIGHTWARDS ARROW}]|->",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"\*\*(.+?)\*\*|\"(.+?)\"|`(.+?)`|(?<!\w)'(.+?)'(?!\w)"
    "|\N{LEFT DOUBLE QUOTATION MARK}(.+?)\N{RIGHT DOUBLE QUOTATION MARK}"
    "|\N{LEFT SINGLE QUOTATION MARK}(.+?)\N{RIGHT SINGLE QUOTATION MARK}"
)
_BULLET = re.compile(r"^\s*(?:[-*\N{BULLET}]|\d+[.)])\s+")
_CUT = re.compile(r"[\[\]\n:=\N{RIGHTWARDS ARROW}]|->|\b(?:is|are|of|from|becomes)\b|(?<=\w)\.\s")


def bare(text: str) -> str:
    """The text without quotes, bold and punctuation around it, spaces single."""
    return re.sub(r"\s+", " ", text).strip(_DRESS)


def says(expected: str, text: str, *, cased: bool = False) -> bool:
    """Whether the answer gives `expected` (a word or short phrase) as its conclusion."""
    wanted = expected if cased else expected.casefold()
    return any(
        (candidate if cased else candidate.casefold()) == wanted for candidate in _given(text)
    )


def _given(text: str) -> list[str]:
    """What the answer may be said to give; more than one reading only where both agree."""
    lines = [line for line in text.strip().splitlines() if bare(line)]
    if not lines:
        return []
    first = bare(lines[0])
    if len(lines) == 1 and " " not in first:
        return [first]
    readings = [first]
    sentence = re.split(r"(?<=[.!?])\s", lines[0], maxsplit=1)[0]
    readings.append(bare(sentence))
    if markers := list(_MARKER.finditer(sentence)):
        readings.append(bare(sentence[markers[-1].end() :]))
    if quoted := list(_QUOTED.finditer(sentence)):
        if not bare(sentence[quoted[-1].end() :]):
            readings.append(bare(quoted[-1][0]))
        if not bare(sentence[: quoted[0].start()]):
            readings.append(bare(quoted[0][0]))
    if lines[0].rstrip().endswith(":") and len(lines) > 1:
        readings.append(bare(_BULLET.sub("", lines[1])))
    return readings


def mentions(expected: str, rivals: Sequence[str], text: str) -> bool:
    """Whether the text names `expected`, as whole words, and none of its rivals."""
    return _named(expected, text) and not any(_named(rival, text) for rival in rivals)


def _named(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def lists(expected: Sequence[str], text: str) -> bool:
    """Whether the answer gives this list: same items, same order, nothing else in it.

    The list may be in brackets, separated by commas or spaces, or one item a line. When the
    answer repeats the question's list first, the last one counts; when it opens with the
    answer and explains, the first.
    """
    candidates = [items for items in _sequences(text, expected) if items]
    if not candidates:
        return False
    wanted = [item.casefold() for item in expected]
    opens = bare(text).casefold().startswith(wanted[0])
    return wanted == candidates[-1] or (opens and wanted == candidates[0])


def _sequences(text: str, expected: Sequence[str]) -> list[list[str]]:
    numeric = all(item.lstrip("-").isdigit() for item in expected)
    lines = [line for line in text.splitlines() if line.strip()]
    bullets = [_BULLET.sub("", line) for line in lines if _BULLET.match(line)]
    single = [items[0] for line in bullets if len(items := _items(line, numeric=numeric)) == 1]
    if len(single) > 1 or (not bullets and _column(lines, numeric=numeric)):
        return [single or [_items(line, numeric=numeric)[0] for line in lines]]
    return [_items(piece, numeric=numeric) for piece in _CUT.split(text)]


def _column(lines: Sequence[str], *, numeric: bool) -> bool:
    """Whether every line is one item."""
    return len(lines) > 1 and all(len(_items(line, numeric=numeric)) == 1 for line in lines)


def _items(piece: str, *, numeric: bool) -> list[str]:
    """Items of one stretch of text; a stretch of prose has none."""
    if numeric:
        spaced = re.sub(r",(?=\d)", ", ", piece)
        return [str(value) for value in numbers.values(spaced)]
    parts = [bare(part) for part in re.split(r",|;|\band\b|\s+", piece)]
    return [part.casefold() for part in parts if part]
