"""Protobuf's wire format, read lazily and without a schema.

Source: protobuf.dev/programming-guides/encoding. Texts and submessages are ranges: a model
of gigabytes is walked without loading its tensors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.weights.cursor import Cursor, MalformedError
from steelyard.weights.source import Source

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
LONGEST_TEXT = 1 << 20


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stands on the wire."""

    source: Source
    number: int
    wire: int
    value: int
    """Of a number; 0 for a range."""

    start: int
    end: int
    """Bytes of the payload in the source."""

    @property
    def message(self) -> "Message":
        """The payload as a message."""
        return Message(self.source, self.start, self.end)

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return self.end - self.start

    def bytes(self, limit: int = LONGEST_TEXT) -> bytes:
        """The payload, at most `limit` of it."""
        return self.source.read(self.start, min(self.end - self.start, limit))

    def text(self) -> str:
        """The payload as UTF-8."""
        return self.bytes().decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Message:
    """A range of bytes that is a message."""

    source: Source
    start: int = 0
    end: int | None = None

    def fields(self) -> Iterator[Field]:
        """Its fields in order.

        Raises:
            MalformedError: a tag, length or group is not what the wire format allows.
        """
        cursor = Cursor(self.source, self.start, self.end)
        while cursor.left:
            tag = cursor.varint()
            number, wire = tag >> 3, tag & 7
            if not 0 < number < 1 << 29:
                raise MalformedError(f"field number {number} at {cursor.position}")
            value, start = 0, cursor.position
            match wire:
                case 0:
                    value = cursor.varint()
                case 1:
                    cursor.skip(8)
                case 2:
                    length = cursor.varint()
                    start = cursor.position
                    cursor.skip(length)
                case 5:
                    cursor.skip(4)
                case _:
                    raise MalformedError(f"wire type {wire} at {cursor.position}")
            yield Field(self.source, number, wire, value, start, cursor.position)

    def looks_right(self, numbers: frozenset[int], most: int = 64) -> bool:
        """Whether the first fields parse and are all in `numbers`."""
        try:
            for index, field in enumerate(self.fields()):
                if field.number not in numbers:
                    return False
                if index >= most:
                    break
        except MalformedError:
            return False
        return True
