"""A forward window over the bytes of a source: what is passed over is never read."""

from typing import Protocol

from steelyard.errors import UnavailableError

WINDOW = 1 << 18
"""Bytes read at a time."""

LONGEST_LINE = 1 << 20
"""Bytes. A text argument without a newline in this range is given up on."""


class Bytes(Protocol):
    """What a cursor reads from."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def read(self, start: int, size: int) -> bytes:
        """Give `size` bytes from `start`, fewer at the end."""


class Memory:
    """Bytes that are in memory already."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.size = len(raw)

    def read(self, start: int, size: int) -> bytes:
        """Give `size` bytes from `start`, fewer at the end."""
        return self.raw[start : start + size]


class BrokenStreamError(UnavailableError):
    """The bytes are no program that an unpickler could finish."""


class Cursor:
    """Where in the stream the machine is."""

    def __init__(self, source: Bytes, start: int) -> None:
        self.source = source
        self.end = source.size
        self.base = start
        self.buffer = b""
        self.pos = 0
        self.framed = False
        self.frame_end = self.end
        """First byte after the current frame; the end of the data outside frames."""

        self.limit = self.end - start
        """`frame_end` counted from the window's first byte."""

    def tell(self) -> int:
        """Give the offset of the next byte."""
        return self.base + self.pos

    def seek(self, offset: int) -> None:
        """Go on at `offset`."""
        inside = offset - self.base
        if 0 <= inside <= len(self.buffer):
            self.pos = inside
        else:
            self.base, self.buffer, self.pos = offset, b"", 0
            self.limit = self.frame_end - offset

    def fill(self, size: int) -> None:
        """Make `size` bytes from here present in the window.

        Raises:
            BrokenStreamError: the data ends before.
        """
        here = self.base + self.pos
        if here + size > self.end:
            raise BrokenStreamError(f"the data ends at byte {self.end}, inside an opcode")
        self.buffer = self.source.read(here, max(size, WINDOW))
        self.base, self.pos = here, 0
        self.limit = self.frame_end - here
        if len(self.buffer) < size:
            raise BrokenStreamError(f"the file gave fewer bytes than it has, at byte {here}")

    def take(self, size: int) -> bytes:
        """Give the next `size` bytes and pass over them."""
        stop = self.pos + size
        if stop > len(self.buffer):
            self.fill(size)
            stop = size
        piece = self.buffer[self.pos : stop]
        self.pos = stop
        return piece

    def byte(self) -> int:
        """Give the next byte and pass over it."""
        pos = self.pos
        if pos >= len(self.buffer):
            return self.take(1)[0]
        self.pos = pos + 1
        return self.buffer[pos]

    def number(self, size: int) -> int:
        """Give the next `size` bytes as an unsigned little-endian integer."""
        return int.from_bytes(self.take(size), "little")

    def skip(self, size: int) -> int:
        """Pass over `size` bytes and give the offset of the first.

        Raises:
            BrokenStreamError: the data ends before.
        """
        here = self.base + self.pos
        if here + size > self.end:
            raise BrokenStreamError(
                f"an argument at byte {here} claims {size} bytes, {self.end - here} are left"
            )
        self.seek(here + size)
        return here

    def line(self) -> bytes:
        """Give the bytes up to the next newline, which is passed over too.

        Raises:
            BrokenStreamError: there is none.
        """
        found = self.buffer.find(b"\n", self.pos)
        if found < 0:
            self.fill(min(LONGEST_LINE, self.end - self.tell()))
            found = self.buffer.find(b"\n")
            if found < 0:
                raise BrokenStreamError(f"a text argument at byte {self.tell()} has no end")
        piece = self.buffer[self.pos : found]
        self.pos = found + 1
        return piece

    def enter_frame(self, size: int) -> None:
        """Begin a frame of `size` bytes here."""
        self.framed = True
        self.frame_end = self.tell() + size
        self.limit = self.pos + size

    def leave_frame(self) -> None:
        """Go on outside frames."""
        self.framed = False
        self.frame_end = self.end
        self.limit = self.end - self.base
