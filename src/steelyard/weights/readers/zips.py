"""Zip files, and what torch, TorchScript, NumPy and others put into them."""

import stat
import zlib
from collections.abc import Iterator, Sequence
from typing import ClassVar

from steelyard.evidence.value import Skipped
from steelyard.weights.archives import packages
from steelyard.weights.archives.names import escapes, link_escapes
from steelyard.weights.archives.rules import (
    BY_ID,
    CHECKSUM,
    DUPLICATE,
    LINK,
    LINK_OUT,
    NOT_OPENED,
    PREFIX,
    SIZE,
    SUFFIX,
    TRAVERSAL,
    ZIP_RULES,
)
from steelyard.weights.archives.streamed import Pieces, inflate, other, unpacked
from steelyard.weights.archives.tars import holds
from steelyard.weights.archives.zips import Entry, Zip, begins, extent, shown, walk
from steelyard.weights.reader import Context, Item, Member, Reader
from steelyard.weights.readers.compressed import kind_of
from steelyard.weights.readers.seven_zip import is_seven_zip
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

CHECKED = 64 << 20
"""Bytes. Longer stored entries are tensors; their checksum would cost a second pass."""

_STORED = 0


class Zips(Reader):
    """Every entry, whether the directory lists it or not."""

    format = "zip"
    rules: ClassVar[Sequence[Rule]] = (*ZIP_RULES, *packages.RULES)

    def sniff(self, source: Source) -> bool:
        """Whether the bytes begin as a zip does, or end as one that is no part of another box.

        A tar, a 7z or a compressed stream may hold a zip as it is, near its end.
        """
        if begins(source):
            return True
        found = extent(source)
        return found is not None and not (
            holds(source, *found) or is_seven_zip(source) or kind_of(source)
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Note where readers differ, then give every entry."""
        found = walk(source)
        for rule, message, start, end in found.oddities:
            yield BY_ID[rule].at(context.place(start, end), message)
        yield from _around(source, found, context)
        yield from _duplicates(found, context)
        members: list[Member] = []
        for entry in found.entries:
            for item in _entry(source, entry, context):
                if isinstance(item, Member):
                    members.append(item)
                else:
                    yield item
        spoken_for = packages.storages(members)
        yield from (member for member in members if member.name not in spoken_for)
        yield from packages.told(members, context, source.origin())


def _around(source: Source, found: Zip, context: Context) -> Iterator[Item]:
    """Note bytes before and after the archive; what follows may be a file of its own."""
    if found.first > 0:
        yield PREFIX.at(context.place(0, found.first), f"{found.first} bytes stand before it")
        yield Member(name="(before the archive)", source=source.window(0, found.first))
    rest = source.size - found.end
    if rest > 0:
        yield SUFFIX.at(context.place(found.end, source.size), f"{rest} bytes follow")
        yield Member(name="(after the archive)", source=source.window(found.end, rest))


def _duplicates(found: Zip, context: Context) -> Iterator[Item]:
    seen: set[bytes] = set()
    for entry in found.entries:
        for name in {entry.header.name, entry.local.name if entry.local else entry.header.name}:
            if name in seen:
                yield DUPLICATE.at(
                    context.place(entry.header.at, detail=shown(name)),
                    f"{shown(name)} stands twice in the archive",
                )
        seen.add(entry.header.name)


def _entry(source: Source, entry: Entry, context: Context) -> Iterator[Item]:
    """Judge one entry by its name and kind, and give what is in it."""
    header = entry.header
    name = shown(header.name)
    place = context.place(header.at, detail=name)
    if escapes(name):
        yield TRAVERSAL.at(place, f"an entry is called {name!r}")
    if entry.local is None or (name.endswith("/") and not header.size and not header.packed):
        return
    if stat.S_ISLNK(header.mode):
        target = source.read(entry.start, min(header.packed, 4096)).decode("utf-8", "replace")
        rule = LINK_OUT if link_escapes(name, target) else LINK
        yield rule.at(place, f"{name} is a link to {target!r}")
        return
    yield from _content(source, entry, context)


def _content(source: Source, entry: Entry, context: Context) -> Iterator[Item]:
    """Give the data of an entry, and note sizes and checksums that do not fit."""
    header = entry.header
    name = shown(header.name)
    place = context.place(header.at, detail=name)
    packed = min(header.packed, source.size - entry.start)
    if packed < header.packed:
        yield SIZE.at(place, f"{name} claims {header.packed} bytes, {packed} are left")
    if header.method == _STORED:
        data = source.window(entry.start, packed, name)
        why = ""
    else:
        pieces = _pieces(source, (entry.start, packed), header.method)
        if pieces is None:
            yield NOT_OPENED.at(place, f"{name} is packed by method {header.method}")
            reason = f"{name} is packed by method {header.method}: could not tell"
            yield Skipped(what=context.path, reason=reason)
            return
        out = unpacked(pieces, name, context.budget)
        data, why = out.data, out.why
    if why or data.size != header.size:
        yield SIZE.at(
            place,
            f"{name}: {header.size} bytes promised, {data.size} found{'; ' if why else ''}{why}",
        )
    if data.size <= CHECKED and _crc(data) != header.crc:
        yield CHECKSUM.at(place, f"{name} does not have the checksum {header.crc:08x}")
    yield Member(name=name, source=data)


def _pieces(source: Source, place: tuple[int, int], method: int) -> Pieces | None:
    """Choose the decompressor; None if there is none for `method`."""
    start, packed = place
    match method:
        case 8:
            return inflate(source, start, packed, -15)
        case 12:
            return other(source, start, packed, "bz2")
        case 14:
            return other(source, start, packed, "zip-lzma")
        case _:
            return None


def _crc(data: Source) -> int:
    value = 0
    for piece in data.chunks():
        value = zlib.crc32(piece, value)
    return value
