"""The text opcodes' arguments, and where CPython's readers take them differently."""

import codecs
import re

from steelyard.weights.pickles.values import Opaque

LONGEST_INDEX = 20
"""Digits. Past 64 bits every reader gives up."""

_INT = re.compile(rb"-?[1-9][0-9]{0,18}|0")
_LONG = re.compile(rb"(-?[1-9][0-9]*|0)L?")
_FLOAT = re.compile(
    rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan|infinity)", re.IGNORECASE
)


def integer(text: bytes) -> tuple[int | bool | Opaque, bool]:
    """Read the argument of INT; the second answer is whether every reader agrees on it.

    CPython's C unpickler took the base from the prefix (`0x1f`, `010`) and any
    two-character text worth 0 or 1 as a bool until 3.14 (gh-126992); pickletools and
    the Python unpickler read base ten and know `00` and `01` alone.
    """
    if text in {b"00", b"01"}:
        return text == b"01", True
    if _INT.fullmatch(text):
        return int(text), True
    return Opaque("int"), False


def long_integer(text: bytes) -> tuple[int | Opaque, bool]:
    """Read the argument of LONG; the second answer is whether every reader agrees on it."""
    if not _LONG.fullmatch(text):
        return Opaque("int"), False
    digits = text.rstrip(b"L")
    return (int(digits) if len(digits) < len("9" * 20) else Opaque("int")), True


def decimal(text: bytes) -> tuple[float | Opaque, bool]:
    """Read the argument of FLOAT; the second answer is whether every reader agrees on it."""
    return (float(text), True) if _FLOAT.fullmatch(text) else (Opaque("float"), False)


def quoted(text: bytes) -> tuple[str, bool] | None:
    """Read the argument of STRING; None when no reader could.

    The encoding is the caller's choice (`ASCII` by default, `latin1` and `utf-8` in numpy
    and torch), so anything outside ASCII is read differently: the second answer.
    """
    if not (len(text) > 1 and text[:1] == text[-1:] and text[:1] in {b"'", b'"'}):
        return None
    try:
        raw, _ = codecs.escape_decode(text[1:-1])
    except ValueError:
        return None
    return old_text(raw)


def old_text(raw: bytes) -> tuple[str, bool]:
    """Read a Python 2 `str`; the second answer is whether it is the same in every encoding."""
    if raw.isascii():
        return raw.decode("ascii"), True
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return raw.decode("latin-1"), False


def index_of(text: bytes) -> int | None:
    """Read a memo index; None when no reader could."""
    try:
        number = int(text) if len(text) < LONGEST_INDEX else -1
    except ValueError:
        number = -1
    return number if number >= 0 else None
