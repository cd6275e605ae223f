"""Tar archives: old torch files, NeMo models, and whatever is shipped that way."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from steelyard.evidence.value import Skipped
from steelyard.weights.archives import packages
from steelyard.weights.archives.names import escapes, link_escapes
from steelyard.weights.archives.rules import (
    BY_ID,
    DEVICE,
    LINK,
    LINK_OUT,
    NOT_OPENED,
    TAR_DUPLICATE,
    TAR_RULES,
    TRAVERSAL,
)
from steelyard.weights.archives.tars import Entry, is_tar, walk
from steelyard.weights.reader import Context, Item, Member, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

_FILES = "07"
_LINKS = "12"
_DEVICES = "346"
_FOLDERS = "5DV"


class Tars(Reader):
    """Every member, also behind the end mark."""

    format = "tar"
    rules: ClassVar[Sequence[Rule]] = (*TAR_RULES, *packages.RULES)

    def sniff(self, source: Source) -> bool:
        """Whether the first block is a header with the right checksum."""
        return is_tar(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Note what readers take differently, then give every member."""
        found = walk(source)
        for rule, message, start, end in found.oddities:
            yield BY_ID[rule].at(context.place(start, end), message)
        seen: set[str] = set()
        members: list[Member] = []
        for entry in found.entries:
            name = entry.name.removeprefix("./")
            if name in seen and entry.kind not in _FOLDERS:
                yield TAR_DUPLICATE.at(
                    context.place(entry.at, detail=name), f"{name} stands twice in the archive"
                )
            seen.add(name)
            for item in _entry(source, entry, context):
                if isinstance(item, Member):
                    members.append(item)
                yield item
        yield from packages.told(members, context, source.origin())


def _entry(source: Source, entry: Entry, context: Context) -> Iterator[Item]:
    """Judge one member by its name and kind, and give what is in it."""
    place = context.place(entry.at, detail=entry.name)
    if escapes(entry.name):
        yield TRAVERSAL.at(place, f"a member is called {entry.name!r}")
    if entry.kind in _LINKS:
        # A hard link names a member from the root of the archive, a symbolic one from its folder.
        start = entry.name if entry.kind == "2" else ""
        rule = LINK_OUT if link_escapes(start, entry.link) else LINK
        yield rule.at(place, f"{entry.name} is a link to {entry.link!r}")
    elif entry.kind in _DEVICES:
        yield DEVICE.at(place, f"{entry.name} is a device or a pipe")
    elif entry.kind in _FILES:
        yield Member(
            name=entry.name.removeprefix("./"),
            source=source.window(entry.start, entry.size, entry.name),
        )
    elif entry.kind not in _FOLDERS:
        said = f"{entry.name} is of the unusual kind {entry.kind!r}"
        yield NOT_OPENED.at(place, said)
        yield Skipped(what=context.path, reason=f"{said}: could not tell")
