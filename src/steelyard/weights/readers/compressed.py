"""One compressed stream: gzip, zlib, bzip2, xz, lzma, lz4; others are named, not opened."""

import zlib
from collections.abc import Iterator, Sequence
from typing import ClassVar

from steelyard.evidence.value import Skipped
from steelyard.weights.archives.lz4 import frames
from steelyard.weights.archives.rules import BROKEN, COMPRESSED_RULES, NOT_OPENED, TRAILING
from steelyard.weights.archives.streamed import Pieces, inflate, other, unpacked
from steelyard.weights.reader import Context, Item, Member, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

_MAGIC = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\0": "xz",
    b"\x5d\0\0": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!\x1a\x07": "RAR",
    b"MSCF\0\0\0\0": "CAB",
    b"LZIP\x01": "lzip",
    b"\x1f\x9d": "compress",
}
_BZIP2_BLOCK = b"1AY&SY"
_ZLIB_LEVELS = b"\x01\x5e\x9c\xda"


def kind_of(source: Source) -> str:
    """Give the compression by content; empty if there is none."""
    head = source.head
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            if kind == "bz2" and head[4:10] != _BZIP2_BLOCK:
                return ""
            if kind == "lzma" and head[5:13] != b"\xff" * 8 and head[10:13] != b"\0\0\0":
                return ""
            return kind
    if head[:1] == b"\x78" and head[1:2] and head[1] in _ZLIB_LEVELS:
        try:
            zlib.decompressobj().decompress(head, 256)
        except zlib.error:
            return ""
        return "zlib"
    return ""


class Compressed(Reader):
    """The one file that was compressed: joblib's dumps, `.tar.gz` and the like."""

    format = "compressed"
    rules: ClassVar[Sequence[Rule]] = COMPRESSED_RULES

    def sniff(self, source: Source) -> bool:
        """Whether the bytes begin as a compressed stream does."""
        return bool(kind_of(source))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Decompress within the budget and give what comes out."""
        kind = kind_of(source)
        pieces = _pieces(source, kind)
        if pieces is None:
            yield NOT_OPENED.at(context.place(), f"compressed with {kind}, which is not built in")
            yield Skipped(what=context.path, reason=f"compressed with {kind}: could not tell")
            return
        out = unpacked(pieces, f"({kind})", context.budget)
        if out.left:
            start = source.size - out.left
            yield TRAILING.at(context.place(start, source.size), f"{kind}: {out.why}")
            yield Member(name="(after the stream)", source=source.window(start, out.left))
        elif out.why:
            yield BROKEN.at(context.place(), f"{kind}: {out.why}, after {out.data.size} bytes")
        yield Member(name=f"({kind})", source=out.data)


def _pieces(source: Source, kind: str) -> Pieces | None:
    match kind:
        case "gzip":
            return inflate(source, 0, source.size, 31)
        case "zlib":
            return inflate(source, 0, source.size, 15)
        case "bz2" | "xz" | "lzma":
            return other(source, 0, source.size, kind)
        case "lz4":
            return frames(source)
        case _:
            return None
