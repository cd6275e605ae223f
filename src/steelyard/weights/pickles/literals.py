"""The text opcodes' arguments, and where CPython's readers take them differently."""

import codecs
import contextlib
import re

from steelyard.weights.pickles.values import Opaque

LONGEST_INDEX = 20
"""Digits. Past 64 bits every reader gives up."""

LONGEST_ODD = 4_000
"""Characters. Beyond them converting takes long, and Python refuses."""

_INT = re.compile(rb"-?[1-9][0-9]{0,18}|0")
_LONG = re.compile(rb"(-?[1-9][0-9]*|0)L?")
_FLOAT = re.compile(
    rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan|infinity)", re.IGNORECASE
)


def integer(text: bytes) -> tuple[int | bool | Opaque, bool] | None:
    """Read the argument of INT; the second answer is whether every reader agrees on it.

    None if no reader takes it.

    CPython's C unpickler took the base from the prefix (`0x1f`, `010`) and any
    two-character text worth 0 or 1 as a bool until 3.14 (gh-126992); pickletools and
    the Python unpickler read base ten and know `00` and `01` alone.
    """
    if text in {b"00", b"01"}:
        return text == b"01", True
    if _INT.fullmatch(text):
        return int(text), True
    return (Opaque("int"), False) if _some_integer(text) else None


def long_integer(text: bytes) -> tuple[int | Opaque, bool] | None:
    """Read the argument of LONG, as `integer`."""
    if not _LONG.fullmatch(text):
        return (Opaque("int"), False) if _some_integer(text.removesuffix(b"L")) else None
    digits = text.rstrip(b"L")
    return (int(digits) if len(digits) < len("9" * 20) else Opaque("int")), True


def _some_integer(text: bytes) -> bool:
    """Whether any reader takes `text` for an integer, in whatever base.

    The C unpickler stops at a NUL byte and takes what is before it, also nothing.
    """
    if len(text) > LONGEST_ODD or b"\0" in text:
        return True
    for base in (0, 8, 10, 16):
        with contextlib.suppress(ValueError):
            int(text, base)
            return True
    return False


def decimal(text: bytes) -> tuple[float | Opaque, bool] | None:
    """Read the argument of FLOAT, as `integer`."""
    if _FLOAT.fullmatch(text):
        return float(text), True
    with contextlib.suppress(ValueError):
        float(text.split(b"\0")[0] or b"0")
        return Opaque("float"), False
    return None


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


def index_of(text: bytes) -> tuple[int, bool] | None:
    """Read a memo index, as `integer`."""
    digits = text.split(b"\0")[0]
    try:
        number = int(digits) if len(digits) < LONGEST_INDEX else -1
    except ValueError:
        number = -1
    return (number, text.isdigit()) if number >= 0 else None
