"""Text that nobody vouches for, made safe to show.

Answers come from models, and file and tensor names from whoever uploaded them. They may hold
terminal escapes, characters that reverse the reading direction (CVE-2021-42574, "Trojan
Source"), or a megabyte of anything. What is shown says which character stood there.
"""

import unicodedata

MOST = 2_000
"""Characters of one answer that a report shows."""

_KEPT = frozenset("\n\t")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that have no visible form: controls, formats (bidi, zero width),
surrogates, private use, unassigned, line and paragraph separators."""


def shown(text: str) -> str:
    r"""`text` with each invisible character written as `‹U+202E›`.

    >>> shown("safe\u202egpj.exe")
    'safe‹U+202E›gpj.exe'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def cut(text: str, most: int = MOST) -> str:
    """The beginning of `text`, and how much is missing.

    >>> cut("abcdef", 4)
    'abcd … [2 more characters]'
    """
    if len(text) <= most:
        return text
    return f"{text[:most]} … [{len(text) - most} more characters]"


def line(text: str, most: int = 200) -> str:
    """`text` as one line that is safe to print."""
    return shown(cut(" ".join(text[: 4 * most].split()), most))


def _visible(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _INVISIBLE:
        return character
    return f"‹U+{ord(character):04X}›"
