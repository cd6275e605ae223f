"""Decompressed bytes as a source: short ones kept, long ones decompressed again when read."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steelyard.weights.reader import Budget
from steelyard.weights.source import Memory, Source

KEPT = 32 << 20
"""Bytes of one member kept in memory."""

STEP = 1 << 18
"""Bytes of packed data taken at a time."""

CHUNK = 1 << 20
"""Most bytes that come out at a time, so that a bomb is seen before it is held."""

MEMORY = 256 << 20
"""Bytes of dictionary that LZMA data may ask for."""

_ZIP_LZMA_HEADER = 9

FOLLOWED = "other bytes follow the compressed stream"

Pieces = Callable[[], Iterator[tuple[bytes, int]]]
"""Begins decompression anew: pieces of data, each with the packed bytes used so far."""


class UnpackError(Exception):
    """The packed bytes do not decompress; the message says why."""


class FollowedError(UnpackError):
    """They do, and others follow."""

    def __init__(self, left: int) -> None:
        super().__init__(FOLLOWED)
        self.left = left
        """Bytes that follow."""


class Streamed(Source):
    """Data too long to keep: read forwards it costs one pass, backwards another."""

    def __init__(self, pieces: Pieces, size: int, name: str) -> None:
        self._pieces, self.size, self.name = pieces, size, name
        self._restart()

    def _restart(self) -> None:
        self._running = self._pieces()
        self._start, self._held = 0, b""

    def _read(self, start: int, size: int) -> bytes:
        if start < self._start:
            self._restart()
        while self._start + len(self._held) < start + size:
            piece = next(self._running, (b"", 0))[0]
            if not piece:
                break
            if self._start + len(self._held) <= start:
                self._start += len(self._held)
                self._held = piece
            else:
                self._held += piece
            if start - self._start > KEPT:
                self._held = self._held[start - self._start :]
                self._start = start
        return self._held[start - self._start : start - self._start + size]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out."""

    data: Source
    why: str = ""
    """Why it stopped early; empty if it did not."""

    left: int = 0
    """Bytes after the compressed stream, where others follow it."""


def unpacked(pieces: Pieces, name: str, budget: Budget) -> Unpacked:
    """Decompress within `budget`.

    Raises:
        ExhaustedError: it expands beyond the budget.
    """
    held: list[bytes] = []
    total, kept, why, left = 0, True, "", 0
    try:
        for piece, taken in pieces():
            total += len(piece)
            budget.expand(len(piece), taken, total)
            if total <= KEPT:
                held.append(piece)
            elif kept:
                kept = False
                held.clear()
    except UnpackError as error:
        why, left = str(error), error.left if isinstance(error, FollowedError) else 0
    data = Memory(b"".join(held), name) if kept else Streamed(pieces, total, name)
    return Unpacked(data, why, left)


def inflate(source: Source, start: int, size: int, bits: int) -> Pieces:
    """Decompress DEFLATE data: `bits` as zlib takes them (-15 raw, 15 zlib, 31 gzip)."""

    def run() -> Iterator[tuple[bytes, int]]:
        decoder = zlib.decompressobj(bits)
        used = 0
        try:
            for piece in source.window(start, size).chunks():
                if decoder.eof:
                    break
                used += len(piece)
                data = decoder.decompress(piece, CHUNK)
                yield data, used
                while decoder.unconsumed_tail:
                    yield decoder.decompress(decoder.unconsumed_tail, CHUNK), used
                while decoder.eof and decoder.unused_data.startswith(b"\x1f\x8b") and bits > 15:  # noqa: PLR2004 - gzip
                    rest, decoder = decoder.unused_data, zlib.decompressobj(bits)
                    yield decoder.decompress(rest, CHUNK), used
                    while decoder.unconsumed_tail:
                        yield decoder.decompress(decoder.unconsumed_tail, CHUNK), used
            yield decoder.flush(), used
        except zlib.error as error:
            raise UnpackError(str(error)) from None
        if not decoder.eof:
            raise UnpackError("the data ends before the compressed stream does")
        left = size - used + len(decoder.unused_data)
        if left and source.read(start + size - left, min(left, STEP)).strip(b"\0"):
            raise FollowedError(left)

    return run


def other(source: Source, start: int, size: int, kind: str) -> Pieces:
    """Decompress `bz2`, `xz` (or lzma alone) data."""

    def run() -> Iterator[tuple[bytes, int]]:
        used = 0
        try:
            decoder, skipped = _begin(source.read(start, _ZIP_LZMA_HEADER), kind)
            for piece in source.window(start + skipped, size - skipped).chunks():
                used += len(piece)
                rest = piece
                while rest or not (decoder.needs_input or decoder.eof):
                    if decoder.eof:
                        decoder = _begin(b"", kind)[0]
                    yield decoder.decompress(rest, CHUNK), used
                    rest = decoder.unused_data if decoder.eof else b""
                    if decoder.eof and rest.strip(b"\0") and not _goes_on(rest, kind):
                        raise FollowedError(size - skipped - used + len(rest))
        except (OSError, lzma.LZMAError, EOFError, ValueError, IndexError) as error:
            raise UnpackError(str(error)) from None
        # In a zip the end mark is optional: the size tells.
        if not decoder.eof and kind != "zip-lzma":
            raise UnpackError("the data ends before the compressed stream does")

    return run


def _begin(head: bytes, kind: str) -> "tuple[bz2.BZ2Decompressor | lzma.LZMADecompressor, int]":
    """Begin a stream, and say how many bytes to pass over."""
    if kind == "bz2":
        return bz2.BZ2Decompressor(), 0
    if kind != "zip-lzma":
        return lzma.LZMADecompressor(memlimit=MEMORY), 0
    # APPNOTE 5.8.8: two bytes of version, two of length, five of properties.
    code, dictionary = head[4], int.from_bytes(head[5:9], "little")
    if dictionary > MEMORY or code >= 9 * 5 * 5:
        raise UnpackError("LZMA properties that no encoder writes")
    chain = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(dictionary, 4096),
            "lc": code % 9,
            "lp": code // 9 % 5,
            "pb": code // 45,
        }
    ]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), _ZIP_LZMA_HEADER


def _goes_on(rest: bytes, kind: str) -> bool:
    """Whether another stream follows."""
    return rest.startswith(b"BZh" if kind == "bz2" else b"\xfd7zXZ")
