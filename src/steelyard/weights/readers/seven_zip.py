"""7z archives, opened by py7zr where it is installed, and otherwise named as not opened."""

import io
import struct
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from steelyard.evidence.value import Skipped
from steelyard.weights.archives.names import escapes
from steelyard.weights.archives.rules import BROKEN, LINK, NOT_OPENED, TRAVERSAL
from steelyard.weights.reader import Context, Item, Member, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Memory, Source

if TYPE_CHECKING:
    from py7zr import SevenZipFile

MAGIC = b"7z\xbc\xaf\x27\x1c"
LONGEST = 1 << 30
"""Bytes in or out that are unpacked; py7zr works in memory."""


_HEADER = 32


def is_seven_zip(source: Source) -> bool:
    """Whether the source is a 7z archive to its last byte (7zFormat.txt, "SignatureHeader")."""
    head = source.head[:_HEADER]
    if len(head) < _HEADER or not head.startswith(MAGIC):
        return False
    offset, size = struct.unpack_from("<QQ", head, 12)
    return bool(_HEADER + offset + size >= source.size)


class SevenZip(Reader):
    """Every member of a 7z archive."""

    format = "7z"
    rules: ClassVar[Sequence[Rule]] = (NOT_OPENED, TRAVERSAL, LINK, BROKEN)

    def sniff(self, source: Source) -> bool:
        """Whether the bytes begin as a 7z archive."""
        return source.head.startswith(MAGIC)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Unpack within the budget and give every member."""
        if find_spec("py7zr") is None:
            yield from _not_opened(context, "py7zr is not installed")
            return
        if source.size > LONGEST:
            yield from _not_opened(context, f"it is longer than {LONGEST} bytes")
            return
        import py7zr

        try:
            with py7zr.SevenZipFile(io.BytesIO(source.read(0, source.size))) as archive:
                yield from _members(archive, source.size, context)
        except (py7zr.exceptions.ArchiveError, OSError, ValueError, EOFError) as error:
            yield BROKEN.at(context.place(), f"7z: {error}")


def _not_opened(context: Context, why: str) -> Iterator[Item]:
    yield NOT_OPENED.at(context.place(), f"a 7z archive: {why}")
    yield Skipped(what=context.path, reason=f"7z: could not tell, {why}")


def _members(archive: "SevenZipFile", packed: int, context: Context) -> Iterator[Item]:
    """Give the members; sizes are checked against the budget before anything is unpacked."""
    if archive.needs_password():
        yield from _not_opened(context, "it is encrypted")
        return
    total = 0
    for info in archive.list():
        total += info.uncompressed
        if escapes(info.filename):
            yield TRAVERSAL.at(
                context.place(detail=info.filename), f"a member is called {info.filename!r}"
            )
        if getattr(info, "is_symlink", False):
            yield LINK.at(context.place(detail=info.filename), f"{info.filename} is a link")
    context.budget.expand(total, packed, total)
    if total > LONGEST:
        yield from _not_opened(context, f"it unpacks to more than {LONGEST} bytes")
        return
    from py7zr.io import BytesIOFactory

    factory = BytesIOFactory(LONGEST)
    archive.extractall(factory=factory)
    for name, product in factory.products.items():
        product.seek(0)
        yield Member(name=name, source=Memory(product.read(), name))
