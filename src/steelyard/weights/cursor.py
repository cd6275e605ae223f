"""Reads numbers and lengths in order out of a source, and stops at its end."""

import struct

from steelyard.weights.source import Source

BLOCK = 1 << 16
LONGEST_VARINT = 10
# From: protobuf.dev/programming-guides/encoding, "Base 128 Varints".


class MalformedError(ValueError):
    """The bytes end, or do not mean what the format says they must; the message says where."""


class Cursor:
    """A position in a source, with the block around it kept."""

    def __init__(self, source: Source, start: int = 0, end: int | None = None) -> None:
        self._source = source
        self.position = start
        self.end = source.size if end is None else min(end, source.size)
        self._block, self._at = b"", 0

    @property
    def left(self) -> int:
        """Bytes to the end."""
        return self.end - self.position

    def take(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            MalformedError: fewer are left.
        """
        if size < 0 or size > self.left:
            raise MalformedError(f"{size} bytes wanted at {self.position}, {self.left} are left")
        if size > BLOCK:
            data = self._source.read(self.position, size)
        else:
            inside = self.position - self._at
            if not 0 <= inside <= len(self._block) - size:
                self._block, self._at = self._source.read(self.position, BLOCK), self.position
                inside = 0
            data = self._block[inside : inside + size]
        if len(data) != size:
            raise MalformedError(f"the file ends at {self.position + len(data)}")
        self.position += size
        return data

    def skip(self, size: int) -> None:
        """Pass over `size` bytes.

        Raises:
            MalformedError: fewer are left.
        """
        if size < 0 or size > self.left:
            raise MalformedError(f"{size} bytes claimed at {self.position}, {self.left} are left")
        self.position += size

    def number(self, layout: str) -> int:
        """An integer in `struct` notation, e.g. `<Q`."""
        value: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def varint(self) -> int:
        """A protobuf varint, unsigned.

        Raises:
            MalformedError: longer than ten bytes.
        """
        value = 0
        for index in range(LONGEST_VARINT):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:  # noqa: PLR2004 (the continuation bit)
                return value & 0xFFFF_FFFF_FFFF_FFFF
        raise MalformedError(f"varint longer than ten bytes at {self.position}")
