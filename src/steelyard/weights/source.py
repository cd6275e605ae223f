"""Bytes to be read: a file, a member of one, or a piece of either. Never loaded whole."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

MOST_AT_ONCE = 256 << 20
"""Bytes that one `read` may ask for. A header's length field is chosen by the attacker."""

HEAD = 4096
"""Bytes that readers look at to recognise a format."""


class TooLargeError(Exception):
    """A reader asked for more at once than any honest header needs."""


class Source(ABC):
    """A bounded view of `size` bytes, read at random."""

    name: str
    """Last part of the file's or member's name. Never trusted to tell a format."""

    size: int
    """Bytes."""

    @abstractmethod
    def _read(self, start: int, size: int) -> bytes:
        """Exactly the bytes asked for; the caller has clipped the range."""

    def read(self, start: int, size: int) -> bytes:
        """Bytes from `start`, fewer than `size` where the source ends.

        Raises:
            TooLargeError: more than `MOST_AT_ONCE` bytes would come back.
        """
        if start < 0 or size < 0 or start >= self.size:
            return b""
        size = min(size, self.size - start)
        if size > MOST_AT_ONCE:
            raise TooLargeError(f"{size} bytes asked for at once, at byte {start}")
        return self._read(start, size)

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD` bytes."""
        return self.read(0, HEAD)

    @cached_property
    def tail(self) -> bytes:
        """The last `HEAD` bytes."""
        return self.read(max(self.size - HEAD, 0), HEAD)

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to `end`, a mebibyte at a time."""
        stop = self.size if end is None else min(end, self.size)
        for at in range(start, stop, 1 << 20):
            yield self.read(at, min(1 << 20, stop - at))

    def origin(self) -> int | None:
        """Byte of the file on disk at which this source starts.

        None where it is not a plain piece of a file (decompressed, decoded).
        """
        return None

    def window(self, start: int, size: int, name: str = "") -> "Source":
        """The same bytes seen through a smaller frame; clipped to this source."""
        start = min(max(start, 0), self.size)
        return Window(self, start, min(max(size, 0), self.size - start), name or self.name)


class Window(Source):
    """A piece of another source."""

    def __init__(self, outer: Source, start: int, size: int, name: str) -> None:
        self._outer, self.start = outer, start
        self.size, self.name = size, name

    def _read(self, start: int, size: int) -> bytes:
        return self._outer.read(self.start + start, size)

    def origin(self) -> int | None:
        """The outer source's origin, moved."""
        outer = self._outer.origin()
        return None if outer is None else outer + self.start


class Memory(Source):
    """Bytes that are already here: a small member, decompressed within the budget."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self.size, self.name = data, len(data), name

    def _read(self, start: int, size: int) -> bytes:
        return self._data[start : start + size]


class File(Source):
    """A regular file, read with `pread`; a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.size = os.fstat(self._descriptor).st_size

    def _read(self, start: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, start)

    def origin(self) -> int | None:
        """Zero: this is the file."""
        return 0

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._descriptor)
