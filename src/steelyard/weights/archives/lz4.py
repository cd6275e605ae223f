"""LZ4 frames, which joblib writes: a decoder of its own, so that no package decides a verdict.

From: LZ4 Frame Format 1.6.4 and LZ4 Block Format (lz4/doc). Checksums are not verified: what a
loader would refuse is read all the same.
"""

import struct
from collections.abc import Generator, Iterator

from steelyard.weights.archives.streamed import FollowedError, Pieces, UnpackError
from steelyard.weights.source import Source

MAGIC = b"\x04\x22\x4d\x18"
WINDOW = 1 << 16
"""Bytes that a block may copy from before itself."""

MOST_IN_BLOCK = 4 << 20
_STORED = 1 << 31
_LINKED, _BLOCK_SUM, _SIZE, _SUM, _DICTIONARY = 0x20, 0x10, 0x08, 0x04, 0x01
_MORE = 255
_SHORTEST = 4


def frames(source: Source) -> Pieces:
    """Decompress the frames of `source`, one after the other."""

    def run() -> Iterator[tuple[bytes, int]]:
        at = 0
        while source.read(at, 4) == MAGIC:
            flags = source.read(at + 4, 1)
            if not flags or flags[0] >> 6 != 1:
                raise UnpackError("an LZ4 frame of another version")
            at += 7 + 8 * bool(flags[0] & _SIZE) + 4 * bool(flags[0] & _DICTIONARY)
            at = yield from _blocks(source, at, flags[0])
        if source.read(at, min(WINDOW, source.size - at)).strip(b"\0"):
            raise FollowedError(source.size - at)

    return run


def _blocks(source: Source, at: int, flags: int) -> Generator[tuple[bytes, int], None, int]:
    """Give the blocks of one frame; returns where the frame ends."""
    history = b""
    while True:
        raw = source.read(at, 4)
        if len(raw) < 4:  # noqa: PLR2004 - a length
            raise UnpackError("the data ends before the compressed stream does")
        told = struct.unpack("<I", raw)[0]
        at += 4
        if told == 0:
            return at + 4 * bool(flags & _SUM)
        size = told & ~_STORED
        packed = source.read(at, min(size, 2 * MOST_IN_BLOCK))
        if len(packed) < size:
            raise UnpackError("the data ends before the compressed stream does")
        data = packed if told & _STORED else _block(packed, b"" if flags & _LINKED else history)
        history = (history + data)[-WINDOW:]
        at += size + 4 * bool(flags & _BLOCK_SUM)
        yield data, at


def _block(packed: bytes, history: bytes) -> bytes:
    """Decompress one block: literals and copies in turn."""
    out, at = bytearray(history), 0
    try:
        while at < len(packed):
            token = packed[at]
            count, at = _length(packed, at + 1, token >> 4)
            out += packed[at : at + count]
            at += count
            if at >= len(packed):
                break
            back = packed[at] | packed[at + 1] << 8
            count, at = _length(packed, at + 2, token & 15)
            count += _SHORTEST
            start = len(out) - back
            if not 0 < back <= len(out) or len(out) + count > MOST_IN_BLOCK + WINDOW:
                raise UnpackError("an LZ4 block that copies from nowhere, or too much")
            piece = bytes(out[start : start + min(back, count)])
            out += (piece * (count // len(piece) + 1))[:count]
    except IndexError:
        raise UnpackError("an LZ4 block that ends in a sequence") from None
    return bytes(out[len(history) :])


def _length(packed: bytes, at: int, count: int) -> tuple[int, int]:
    """Read a length's further bytes, and give it and where they end."""
    if count == 15:  # noqa: PLR2004 - four bits, all set
        while packed[at] == _MORE:
            count, at = count + _MORE, at + 1
        count, at = count + packed[at], at + 1
    return count, at
