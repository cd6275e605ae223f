"""HDF5: the Keras configuration in it, and links that leave the file.

Source: HDF5 File Format Specification 3.0. The configuration is found by its own bytes, so
it is judged the same on every machine; links and virtual datasets are only told with h5py
(`steelyard[archives]`), and without it that is said.
"""

import importlib.util
import os
import re
from collections.abc import Iterator
from typing import Any

from steelyard.evidence.value import Skipped
from steelyard.weights.reader import Context, Item, Member, Reader, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Memory, Source

LINK = Rule(
    id="hdf5/external",
    title="Data from another file",
    severity="high",
    effect="denied",
    what="The file holds an external link, a virtual dataset or external storage.",
    why="Reading the model reads a file of your machine, whose content ends up in the weights.",
    fix="Refuse the file; ask for one that holds its own data.",
    references=("CVE-2026-1669", "CWE-73"),
)
MAGIC = b"\x89HDF\r\n\x1a\n"
LONGEST_START = 64
OBJECT = re.compile(rb'\{\s{0,8}"\w{1,40}"\s{0,4}:')
MOST_CONFIGS = 256
LONGEST_CONFIG = 16 << 20
MOST_OBJECTS = 100_000


class HDF5(Reader):
    """Files with the HDF5 signature."""

    format = "hdf5"
    rules = (LINK,)

    def sniff(self, source: Source) -> bool:
        """The signature at 0, 512, 1024 or 2048, where a user block may precede it."""
        return any(source.head[at : at + 8] == MAGIC for at in (0, 512, 1024, 2048))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Configurations as members, then links and datasets."""
        yield from embedded(source)
        if importlib.util.find_spec("h5py") is None:
            yield Skipped(
                what=f"{context.path} {context.member}".strip(),
                reason="links and datasets of HDF5 are not looked at without steelyard[archives]",
            )
            return
        yield from _objects(source, context)


def embedded(source: Source) -> Iterator[Member]:
    """Every JSON object that stands in the bytes: configurations are attributes of HDF5."""
    kept, position, after, given = b"", 0, 0, 0
    for chunk in source.chunks():
        window = kept + chunk
        for match in OBJECT.finditer(window):
            start = position - len(kept) + match.start()
            if start < after or given >= MOST_CONFIGS:
                continue
            data = source.read(start, LONGEST_CONFIG)
            size = _end(data)
            after = start + max(size, 1)
            if size:
                given += 1
                name = f"config@{start}.json"
                yield Member(name=name, source=Memory(data[:size], "config.json"))
        position += len(chunk)
        kept = window[-LONGEST_START:]


def _end(data: bytes) -> int:
    depth, quoted, escaped = 0, False, False
    for index, byte in enumerate(data):
        if escaped:
            escaped = False
        elif byte == 0x5C:
            escaped = quoted
        elif byte == 0x22:
            quoted = not quoted
        elif not quoted and byte in (0x7B, 0x7D):
            depth += 1 if byte == 0x7B else -1
            if depth == 0:
                return index + 1
        elif byte == 0:
            return 0
    return 0


class _Stream:
    """What h5py needs of a file, over a source."""

    def __init__(self, source: Source) -> None:
        self._source, self._at = source, 0

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(self._at, self._source.size if size < 0 else size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = (0, self._at, self._source.size)[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at


def _objects(source: Source, context: Context) -> Iterator[Item]:
    import h5py  # type: ignore[import-untyped]  # it ships no stubs

    with h5py.File(_Stream(source), "r") as file:
        waiting, visited = [file["/"]], 0
        while waiting:
            group = waiting.pop()
            for name in sorted(group):
                visited += 1
                if visited > MOST_OBJECTS:
                    raise ValueError(f"more than {MOST_OBJECTS} objects")
                link = group.get(name, getlink=True)
                place = context.place(detail=f"{group.name}/{name}".replace("//", "/"))
                if isinstance(link, h5py.ExternalLink):
                    yield LINK.at(place, f"link to {link.path!r} in {link.filename!r}")
                elif isinstance(link, h5py.HardLink):
                    item = group.get(name)
                    if isinstance(item, h5py.Group) and item.name.count("/") < 100:
                        waiting.append(item)
                    elif isinstance(item, h5py.Dataset):
                        yield from _dataset(item, place)


def _dataset(dataset: Any, place: Any) -> Iterator[Item]:
    if dataset.is_virtual:
        files = sorted({part.file_name for part in dataset.virtual_sources()})
        yield LINK.at(place, f"virtual dataset over {', '.join(files)[:300]}")
    for name, *_ in dataset.external or ():
        yield LINK.at(place, f"stored in the file {name!r}")
    yield Tensor(name=dataset.name, dtype=str(dataset.dtype), shape=tuple(dataset.shape or ()))
