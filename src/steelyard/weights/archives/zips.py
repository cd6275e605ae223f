"""A zip file as its bytes have it: central directory, local headers, and what neither covers.

zipfile trusts the central directory and the last of two entries with one name; torch takes
the first, and looks at neither names in local headers, flag bits nor checksums. So both are
walked, and where they differ it is noted.

From: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard.weights.source import Source

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_SPANNED = b"PK\x07\x08"
LONGEST_TAIL = 65_557
"""Bytes of the end record with the longest comment."""

MOST_ENTRIES = 200_000
SEARCHED = 64 << 20
"""Bytes between entries that are searched for entries that no directory lists."""

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_SIZE = 20
_MAX32 = 0xFFFFFFFF
_ZIP64 = 1
DESCRIPTOR = 1 << 3
ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Header:
    """What one header says of an entry. Sizes in bytes."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int
    """Of the local header, from the first byte of the source."""

    mode: int = 0
    """Unix mode of the central directory; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, seen both ways. `central` is None for one that no directory lists."""

    central: Header | None
    local: Header | None
    start: int
    """First byte of the data; -1 where no local header is."""

    @property
    def header(self) -> Header:
        """What a reader of the central directory believes, or else the local header."""
        found = self.central or self.local
        if found is None:  # pragma: no cover - an entry is made from one of them
            raise ValueError("an entry without a header")
        return found


@dataclass(slots=True)
class Zip:
    """The whole archive. `oddities` are (rule, message, start, end)."""

    entries: list[Entry] = field(default_factory=list)
    oddities: list[tuple[str, str, int, int]] = field(default_factory=list)
    first: int = 0
    """Byte of the first local header."""

    end: int = 0
    """First byte after the end record and its comment."""


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    size: int
    count: int
    shift: int
    """Bytes before the archive: offsets in it count from there."""

    end: int


def is_zip(source: Source) -> bool:
    """Whether the bytes begin as a zip does, or end as one."""
    return begins(source) or extent(source) is not None


def begins(source: Source) -> bool:
    """Whether the bytes begin as a zip does, also as one piece of several that was joined."""
    return source.head.removeprefix(_SPANNED).startswith((LOCAL, END))


def extent(source: Source) -> tuple[int, int] | None:
    """First and last byte of the archive that the last end record tells of, if there is one."""
    found = next(_directories(source, Zip()), None)
    return None if found is None else (max(found.shift, 0), found.end)


def walk(source: Source) -> Zip:
    """Read every header, from the directories and then from the bytes between."""
    found = Zip()
    directories: list[_Directory] = []
    for directory in _directories(source, found):
        # A zip stored as an entry has an end record of its own, which is the entry's business.
        if not any(
            entry.start <= directory.start < entry.start + entry.header.packed
            for entry in found.entries
        ):
            directories.append(directory)
            listed = list(_listed(source, directory, found))
            found.entries += [_paired(source, header, found) for header in listed]
    if not directories:
        found.oddities.append(("zip/no-directory", "no central directory can be read", 0, 0))
    if len(directories) > 1:
        found.oddities.append(
            (
                "zip/two-directories",
                f"{len(directories)} end records, at different places",
                directories[-1].end,
                source.size,
            )
        )
    found.end = max((directory.end for directory in directories), default=source.size)
    covered = _covered(source, found, directories)
    _between(source, found, covered)
    starts = [entry.local.at for entry in found.entries if entry.local]
    found.first = min(starts, default=0)
    return found


def _directories(source: Source, found: Zip) -> Iterator[_Directory]:
    """Give each end record whose directory is where it says, the last one first."""
    base = max(source.size - LONGEST_TAIL, 0)
    tail = source.read(base, LONGEST_TAIL)
    at = len(tail)
    while (at := tail.rfind(END, 0, at)) >= 0:
        if len(tail) - at < _END.size:
            continue
        _, _, _, _, count, size, offset, comment = _END.unpack_from(tail, at)
        place = base + at
        end = place + _END.size + comment
        wide = _wide(source, place, found, (count, size, offset))
        if wide is not None:
            place, count, size, offset = wide
        shift = place - size - offset
        for moved in (shift, 0):
            start = offset + moved
            if source.read(start, 4) == CENTRAL or (count == 0 and size == 0):
                yield _Directory(start, size, count, moved, min(end, source.size))
                break


def _wide(
    source: Source, place: int, found: Zip, narrow: tuple[int, int, int]
) -> tuple[int, int, int, int] | None:
    """Read the zip64 end record before the one at `place`: its place, count, size, offset."""
    locator = source.read(place - _LOCATOR_SIZE, _LOCATOR_SIZE) if place >= _LOCATOR_SIZE else b""
    if not locator.startswith(b"PK\x06\x07"):
        return None
    told = struct.unpack_from("<Q", locator, 8)[0]
    near = place - _LOCATOR_SIZE - _END64.size
    for at in (told, near):
        raw = source.read(at, _END64.size)
        if raw.startswith(b"PK\x06\x06") and len(raw) == _END64.size:
            count, size, offset = _END64.unpack(raw)[7:10]
            for short, long in zip(narrow, (count, size, offset), strict=True):
                if short not in {_MAX32, 0xFFFF, long}:
                    found.oddities.append(
                        (
                            "zip/directory-disagreement",
                            f"the end record says {short}, its 64-bit form {long}",
                            place,
                            place + _END.size,
                        )
                    )
            return at, count, size, offset
    return None


def _listed(source: Source, directory: _Directory, found: Zip) -> Iterator[Header]:
    """Give the entries of a central directory."""
    at, count = directory.start, 0
    while count < MOST_ENTRIES:
        raw = source.read(at, _CENTRAL.size)
        if len(raw) < _CENTRAL.size or not raw.startswith(CENTRAL):
            break
        fields = _CENTRAL.unpack(raw)
        lengths = fields[10:13]
        body = source.read(at + _CENTRAL.size, sum(lengths))
        values = _widened(
            body[lengths[0] : lengths[0] + lengths[1]], (fields[9], fields[8], fields[16])
        )
        yield Header(
            name=body[: lengths[0]],
            flags=fields[3],
            method=fields[4],
            crc=fields[7],
            packed=values[1],
            size=values[0],
            at=values[2] + directory.shift,
            mode=fields[15] >> 16,
        )
        at += _CENTRAL.size + sum(lengths)
        count += 1
    if count != directory.count:
        found.oddities.append(
            (
                "zip/directory-disagreement",
                f"the end record counts {directory.count} entries, the directory has {count}",
                directory.start,
                at,
            )
        )


def _widened(extra: bytes, narrow: tuple[int, ...]) -> list[int]:
    """Replace what does not fit 32 bits by the values of the zip64 extra field."""
    values, at = list(narrow), 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64:
            inner = at + 4
            for index, value in enumerate(narrow):
                if value == _MAX32 and inner + 8 <= at + 4 + size <= len(extra):
                    values[index] = struct.unpack_from("<Q", extra, inner)[0]
                    inner += 8
        at += 4 + size
    return values


def local_at(source: Source, at: int) -> tuple[Header, int] | None:
    """Read the local header at `at`, and give where its data begins."""
    raw = source.read(at, _LOCAL.size)
    if len(raw) < _LOCAL.size or not raw.startswith(LOCAL):
        return None
    _, _, flags, method, _, _, crc, packed, size, name, extra = _LOCAL.unpack(raw)
    body = source.read(at + _LOCAL.size, name + extra)
    size, packed = _widened(body[name:], (size, packed))
    start = at + _LOCAL.size + name + extra
    return Header(body[:name], flags, method, crc, packed, size, at), start


def _paired(source: Source, central: Header, found: Zip) -> Entry:
    """Find the local header of a listed entry, and note where they differ."""
    pair = local_at(source, central.at)
    if pair is None:
        found.oddities.append(
            (
                "zip/no-local-header",
                f"{shown(central.name)} is listed, and no entry is where the directory says",
                central.at,
                central.at + 4,
            )
        )
        return Entry(central, None, -1)
    local, start = pair
    place = (central.at, start)
    if local.name != central.name:
        found.oddities.append(
            (
                "zip/name-mismatch",
                f"{shown(central.name)} in the directory is {shown(local.name)} in its own header",
                *place,
            )
        )
    streamed = local.flags & DESCRIPTOR and not (local.packed or local.size)
    sizes = [] if streamed else [("packed size", local.packed, central.packed)]
    sizes += [] if streamed else [("size", local.size, central.size)]
    sizes += [("method", local.method, central.method)]
    if local.crc or not local.flags & DESCRIPTOR:
        sizes.append(("checksum", local.crc, central.crc))
    for what, here, there in sizes:
        if here != there:
            found.oddities.append(
                (
                    "zip/header-mismatch",
                    f"{shown(central.name)}: {what} {there} in the directory, {here} in its header",
                    *place,
                )
            )
    if (local.flags ^ central.flags) & ENCRYPTED or central.flags & ENCRYPTED:
        found.oddities.append(
            ("zip/encrypted", f"{shown(central.name)} has the encryption bit set", *place)
        )
    return Entry(central, local, start)


def _covered(source: Source, found: Zip, directories: list[_Directory]) -> list[tuple[int, int]]:
    """Give the byte ranges that entries and directories account for, and note overlaps."""
    ranges = []
    for entry in found.entries:
        if entry.local is not None:
            end = entry.start + entry.header.packed
            if entry.local.flags & DESCRIPTOR:
                end += _descriptor(source, end, entry.header)
            ranges.append((entry.local.at, end))
    ranges.sort()
    reach = -1
    for start, end in ranges:
        if start < reach:
            found.oddities.append(
                ("zip/overlap", f"an entry at byte {start} begins inside another", start, end)
            )
            break
        reach = max(reach, end)
    ranges += [(item.start, item.end) for item in directories]
    return sorted(ranges)


def _descriptor(source: Source, at: int, header: Header) -> int:
    """Give the bytes of the data descriptor at `at`: with or without mark, 32 or 64 bits."""
    raw = source.read(at, 24)
    marked = raw.startswith(b"PK\x07\x08")
    body = raw[4:] if marked else raw
    wide = len(body) >= 20 and struct.unpack_from("<Q", body, 4)[0] == header.packed  # noqa: PLR2004 - crc and two sizes
    wide = wide and struct.unpack_from("<Q", body, 12)[0] == header.size
    return 4 * marked + (20 if wide else 12)


def _between(source: Source, found: Zip, covered: list[tuple[int, int]]) -> None:
    """Look for entries that no directory lists in the bytes that nothing accounts for."""
    at, left = 0, SEARCHED
    for start, end in [*covered, (found.end, found.end)]:
        while at < start and left > 0:
            piece = source.read(at, min(start - at, 1 << 20))
            left -= len(piece)
            place = piece.find(LOCAL)
            if place < 0:
                at += max(len(piece) - 3, 1) if at + len(piece) < start else len(piece)
                continue
            at = _unlisted(source, found, at + place)
        at = max(at, end)


def _unlisted(source: Source, found: Zip, at: int) -> int:
    """Take an entry that no directory lists, and give where to go on."""
    pair = local_at(source, at)
    if pair is None:
        return at + 4
    header, start = pair
    if start > source.size or header.method > 99:  # noqa: PLR2004 - no such method: not a header
        return at + 4
    found.entries.append(Entry(None, header, start))
    found.oddities.append(
        (
            "zip/unlisted-entry",
            f"{shown(header.name)} is in the file, and in no directory",
            at,
            start + header.packed,
        )
    )
    return max(start + header.packed, at + 4)


def shown(name: bytes) -> str:
    """Give a name for messages and members."""
    return name.decode("utf-8", "backslashreplace")
