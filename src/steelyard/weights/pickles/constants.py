"""The opcodes that push plain data."""

import struct
from typing import Any

from steelyard.weights.pickles import literals
from steelyard.weights.pickles.state import State
from steelyard.weights.pickles.values import KEPT_INLINE, Blob, Opaque

LONG_INTEGER = 16
"""Bytes. No count, offset or shape is longer."""


class Constants(State):
    """A `State` that can read numbers, text and byte strings."""

    def _agreed(self, text: bytes, read: tuple[Any, bool] | None) -> None:
        """Push a value read from `text`; say so if readers disagree about it."""
        if read is None:
            self.fail(f"no reader takes {text[:40]!r}")
        value, same = read
        if not same:
            self.judge.note("pickle/reader-disagreement", f"readers take {text[:40]!r} differently")
        self.stack.append(value)

    def _sized(self, kind: str, size: int) -> None:
        """Push text or bytes of `size` bytes."""
        if size < 0:
            self.fail("the length is negative")
        if size > KEPT_INLINE:
            blob = Blob(kind, self.skip(size), size)
            if kind != "str":
                self.judge.long_literal(blob)
            self.stack.append(blob)
            return
        raw = self.take(size)
        if kind == "bytes":
            self.stack.append(self.judge.literal(raw))
        elif kind == "str":
            try:
                self.stack.append(raw.decode("utf-8", "surrogatepass"))
            except UnicodeDecodeError:
                self.fail("the text is not UTF-8")
        else:
            self.judge.literal(raw)
            self.stack.append(Blob(kind, self.tell() - size, size))

    def _old(self, size: int) -> None:
        """Push a Python 2 `str` of `size` bytes."""
        if size < 0:
            self.fail("the length is negative")
        if size > KEPT_INLINE:
            self.stack.append(Blob("str", self.skip(size), size))
        else:
            # Python 2 wrote raw array bytes this way: numpy and torch name the encoding.
            self.stack.append(literals.old_text(self.take(size))[0])

    def _wide(self, size: int) -> None:
        """Push an integer of `size` bytes."""
        if size < 0:
            self.fail("the length is negative")
        if size > LONG_INTEGER:
            self.skip(size)
            self.stack.append(Opaque("int"))
        else:
            self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def _none(self) -> None:
        self.stack.append(None)

    def _newtrue(self) -> None:
        self.stack.append(True)

    def _newfalse(self) -> None:
        self.stack.append(False)

    def _int(self) -> None:
        text = self.line()
        self._agreed(text, literals.integer(text))

    def _long(self) -> None:
        text = self.line()
        self._agreed(text, literals.long_integer(text))

    def _float(self) -> None:
        text = self.line()
        self._agreed(text, literals.decimal(text))

    def _string(self) -> None:
        text = self.line()
        self._agreed(text, literals.quoted(text))

    def _unicode(self) -> None:
        text = self.line()
        try:
            self.stack.append(text.decode("raw-unicode-escape"))
        except UnicodeDecodeError:
            self.fail("the text has a broken escape")

    def _binint(self) -> None:
        self.stack.append(struct.unpack("<i", self.take(4))[0])

    def _binint1(self) -> None:
        self.stack.append(self.byte())

    def _binint2(self) -> None:
        self.stack.append(self.number(2))

    def _long1(self) -> None:
        self._wide(self.byte())

    def _long4(self) -> None:
        self._wide(struct.unpack("<i", self.take(4))[0])

    def _binfloat(self) -> None:
        self.stack.append(struct.unpack(">d", self.take(8))[0])

    def _binstring(self) -> None:
        self._old(struct.unpack("<i", self.take(4))[0])

    def _short_binstring(self) -> None:
        self._old(self.byte())

    def _short_binunicode(self) -> None:
        self._sized("str", self.byte())

    def _binunicode(self) -> None:
        self._sized("str", self.number(4))

    def _binunicode8(self) -> None:
        self._sized("str", self.number(8))

    def _short_binbytes(self) -> None:
        self._sized("bytes", self.byte())

    def _binbytes(self) -> None:
        self._sized("bytes", self.number(4))

    def _binbytes8(self) -> None:
        self._sized("bytes", self.number(8))

    def _bytearray8(self) -> None:
        self._sized("bytearray", self.number(8))

    def _next_buffer(self) -> None:
        self.stack.append(Opaque("buffer"))

    def _readonly_buffer(self) -> None:
        if not self.stack:
            self.fail("the stack is empty")
