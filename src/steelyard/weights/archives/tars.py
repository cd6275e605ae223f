"""A tar as its blocks have it: ustar, GNU and pax names, links, devices, and what comes after.

From: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard.weights.source import Source

BLOCK = 512
MOST_ENTRIES = 200_000
LONGEST_NAME = 1 << 20
"""Bytes of a GNU or pax record."""

_SIZE_BASE256 = 0x80


@dataclass(frozen=True, slots=True)
class Entry:
    """One member. `kind` is the type flag: `0` file, `1` hard link, `2` symbolic link, …."""

    name: str
    kind: str
    link: str
    at: int
    start: int
    size: int


@dataclass(slots=True)
class Tar:
    """The whole archive. `oddities` are (rule, message, start, end)."""

    entries: list[Entry] = field(default_factory=list)
    oddities: list[tuple[str, str, int, int]] = field(default_factory=list)


def is_tar(source: Source) -> bool:
    """Whether the first block is a header with the right checksum."""
    block = source.head[:BLOCK]
    return len(block) == BLOCK and block[0] != 0 and _checks(block)


def holds(source: Source, start: int, end: int) -> bool:
    """Whether the bytes from `start` to `end` lie in one member of a tar."""
    return is_tar(source) and any(
        entry.start <= start and end <= entry.start + entry.size for entry in walk(source).entries
    )


def _checks(block: bytes) -> bool:
    """Whether a header's checksum is right, as the sum of signed or unsigned bytes."""
    told = _number(block[148:156])
    blank = block[:148] + b" " * 8 + block[156:]
    return told in {sum(blank), sum(byte - 256 if byte > 127 else byte for byte in blank)}  # noqa: PLR2004 - signed bytes


def _number(raw: bytes) -> int:
    """Read an octal or base-256 field; -1 if it is neither."""
    if raw[:1] and raw[0] & _SIZE_BASE256:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    text = raw.split(b"\0", 1)[0].strip()
    try:
        return int(text or b"0", 8)
    except ValueError:
        return -1


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def walk(source: Source) -> Tar:
    """Read every header to the end of the bytes, past end marks and broken ones."""
    found = Tar()
    at, ended = 0, False
    extra: dict[str, str] = {}
    while at + BLOCK <= source.size and len(found.entries) < MOST_ENTRIES:
        block = source.read(at, BLOCK)
        if not block.strip(b"\0"):
            at, ended = _next(source, at + BLOCK), True
            continue
        if not _checks(block):
            found.oddities.append(
                ("tar/broken", f"the header at byte {at} has a wrong checksum", at, at + BLOCK)
            )
            at = _next_header(source, at + BLOCK)
            continue
        if ended:
            found.oddities.append(
                ("tar/after-end", f"a member follows the end mark, at byte {at}", at, at + BLOCK)
            )
            ended = False
        entry = _entry(block, at, extra)
        if entry.kind in "xgLKX":
            extra = dict(_records(source, entry)) | {
                key: value for key, value in extra.items() if entry.kind in "LK"
            }
        else:
            extra = {}
            found.entries.append(entry)
            if entry.start + entry.size > source.size:
                found.oddities.append(
                    ("tar/broken", f"{entry.name} is longer than the file", at, source.size)
                )
        at = entry.start + -(-entry.size // BLOCK) * BLOCK
    return found


def _next(source: Source, at: int) -> int:
    """Give the first block from `at` on that is not empty."""
    while at + BLOCK <= source.size and not source.read(at, BLOCK).strip(b"\0"):
        at += BLOCK
    return at


def _next_header(source: Source, at: int) -> int:
    """Give the next block that is a header, in the next mebibyte, or else the end."""
    for place in range(at, min(at + (1 << 20), source.size - BLOCK + 1), BLOCK):
        block = source.read(place, BLOCK)
        if block[0] and _checks(block):
            return place
    return source.size


def _entry(block: bytes, at: int, extra: dict[str, str]) -> Entry:
    """Read a header, with what pax and GNU records said of it."""
    name, prefix = _text(block[:100]), _text(block[345:500])
    if prefix and block[257:262] == b"ustar" and block[262:263] == b"\0":
        name = f"{prefix}/{name}"
    kind = chr(block[156]) if block[156] else "0"
    size = max(_number(block[124:136]), 0)
    told = extra.get("size", "")
    if told.isdecimal() and len(told) < 20:  # noqa: PLR2004 - past 64 bits
        size = int(told)
    if kind in "123456":
        size = 0
    return Entry(
        name=extra.get("path", name),
        kind=kind,
        link=extra.get("linkpath", _text(block[157:257])),
        at=at,
        start=at + BLOCK,
        size=size,
    )


def _records(source: Source, entry: Entry) -> Iterator[tuple[str, str]]:
    """Give what a GNU or pax record says of the next member."""
    raw = source.read(entry.start, min(entry.size, LONGEST_NAME))
    if entry.kind in "LK":
        yield "path" if entry.kind == "L" else "linkpath", _text(raw)
        return
    at = 0
    while at < len(raw):
        length, space, _ = raw[at : at + 20].partition(b" ")
        if not space or not length.isdigit() or int(length) <= len(length) + 1:
            return
        record = raw[at + len(length) + 1 : at + int(length) - 1]
        key, _, value = record.partition(b"=")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "backslashreplace")
        at += int(length)
