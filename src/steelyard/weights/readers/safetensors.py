"""safetensors: a length, a JSON header, and bytes that the header must account for exactly.

Source: github.com/huggingface/safetensors, README "Format" and `safetensors/src/tensor.rs`
(`Metadata::validate`). Where we differ: the reference loader stops at the first error; we
report all of them, and where the bytes lie that nobody indexed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from steelyard.weights.reader import Context, Fact, Item, Member, Reader, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Memory, Source
from steelyard.weights.structured import parse

SPECIFICATION = "https://github.com/huggingface/safetensors#format"

HEADER = Rule(
    id="safetensors/header",
    title="Header that cannot be read",
    severity="high",
    effect="unreadable",
    what="The header is not one UTF-8 JSON object of the declared length.",
    why="Loaders disagree about broken headers; what one refuses another may read as "
    "something else.",
    fix="Get the file again from its source; refuse it if it is the same there.",
    references=(SPECIFICATION,),
)
BOMB = Rule(
    id="safetensors/header-bomb",
    title="Header length that cannot be true",
    severity="high",
    effect="unreadable",
    what="The header claims more bytes than the file has, or than the format allows (100 MB).",
    why="A loader that trusts the length takes that much memory before it looks.",
    fix="Refuse the file.",
    references=(SPECIFICATION, "CWE-770"),
)
DUPLICATE = Rule(
    id="safetensors/duplicate-key",
    title="Tensor named twice",
    severity="high",
    effect="review",
    what="A key stands twice in the header.",
    why="Which of the two tensors is loaded depends on the parser: what was audited may not "
    "be what runs.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION, "CWE-436"),
)
ENTRY = Rule(
    id="safetensors/entry",
    title="Tensor entry that cannot be read",
    severity="high",
    effect="review",
    what="An entry lacks a dtype, shape or pair of offsets, or they are not what the format says.",
    why="The tensor cannot be checked, and loaders may differ in what they make of it.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION,),
)
RANGE = Rule(
    id="safetensors/out-of-range",
    title="Tensor outside the file",
    severity="high",
    effect="review",
    what="A tensor's offsets run backwards or past the end of the file.",
    why="A loader without its own check reads memory that isn't the file's.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=(SPECIFICATION, "CWE-125"),
)
SIZE = Rule(
    id="safetensors/size-mismatch",
    title="Tensor bytes that do not fit its shape",
    severity="high",
    effect="review",
    what="Shape times width of the dtype is not the number of bytes of the tensor, or "
    "overflows 64 bits.",
    why="Code that trusts the shape reads or writes beyond the bytes.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION, "CWE-190"),
)
OVERLAP = Rule(
    id="safetensors/overlap",
    title="Tensors that share bytes",
    severity="high",
    effect="review",
    what="Two tensors' byte ranges overlap.",
    why="The format forbids it: a change to one tensor changes the other, and a file of a few "
    "bytes can claim gigabytes.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION,),
)
GAP = Rule(
    id="safetensors/gap",
    title="Bytes that no tensor owns",
    severity="medium",
    effect="review",
    what="Bytes between tensors, or after the last one, belong to no tensor.",
    why="The format forbids holes because they carry what nobody looks at: a payload, another "
    "file, someone's data.",
    fix="Write the file again with the safetensors library; look at the bytes if you trust nobody.",
    references=(SPECIFICATION,),
)
METADATA = Rule(
    id="safetensors/metadata",
    title="Metadata that is not text",
    severity="medium",
    what="`__metadata__` is not an object of strings.",
    why="The reference loader refuses the file; others read it.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION,),
)

PADDING = Rule(
    id="safetensors/padding",
    title="Header that is mostly white space",
    severity="medium",
    effect="review",
    what="More than half of the header, and more than 4 KiB, is runs of white space.",
    why="Writers pad to eight bytes. Longer runs make room for what is put in later, or push "
    "entries out of what a reviewer sees.",
    fix="Write the file again with the safetensors library.",
    references=(SPECIFICATION,),
)
PATH = Rule(
    id="safetensors/path-name",
    title="Tensor named like a path elsewhere",
    severity="medium",
    effect="review",
    what="A tensor's name is an absolute path, or climbs with `..`.",
    why="Converters that write one file a tensor write outside their folder.",
    fix="Rename the tensor, or refuse the file.",
    references=("CWE-22",),
)

MOST_HEADER = 100_000_000
# From: safetensors/src/tensor.rs, MAX_HEADER_SIZE.

_LIKE_JSON = re.compile(rb"[ \t\r\n]*(?:\{|\[\s*[\[{\"\]\d])")
_WHITE = re.compile(rb"[ \t\r\n]{64,}")
MOST_WHITE = 4096
"""Bytes of white space in long runs; an indented header has short ones."""

BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8,
    "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
    "U64": 64,
}  # fmt: skip
"""dtype → bits an element. From: safetensors/src/tensor.rs, `Dtype::bitsize`."""


class Safetensors(Reader):
    """Files that begin with a length and a JSON object."""

    format = "safetensors"
    rules = (HEADER, BOMB, DUPLICATE, ENTRY, RANGE, SIZE, OVERLAP, GAP, METADATA, PADDING, PATH)

    def sniff(self, source: Source) -> bool:
        """A `{` at byte 8, after a length whose top bytes are not text.

        Also a list, or white space first, where the length is one that the file can have.
        """
        head = source.head
        if len(head) <= 8 or head[:8].decode("latin-1").isprintable():
            return False
        fits = 2 <= int.from_bytes(head[:8], "little") <= source.size - 8
        return head[8:9] == b"{" or (fits and _LIKE_JSON.match(head, 8) is not None)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Header, then every tensor, then the bytes between them."""
        length = int.from_bytes(source.read(0, 8), "little")
        place = context.place(0, 8)
        if length > MOST_HEADER or length > source.size - 8:
            yield BOMB.at(place, f"the header claims {length} bytes of a {source.size}-byte file")
            return
        raw = source.read(8, length)
        yield from _padding(raw, context)
        try:
            header = parse(raw)
        except ValueError as error:
            yield HEADER.at(context.place(8, 8 + length), f"the header is not JSON: {error}")
            return
        if not isinstance(header.value, dict):
            yield HEADER.at(context.place(8, 8 + length), "the header is not a JSON object")
            return
        for key in header.duplicates:
            yield DUPLICATE.at(context.place(8, 8 + length, key), f"{key!r} stands twice")
        yield from _metadata(header.value.pop("__metadata__", {}), context)
        tensors: list[Tensor] = []
        for name, entry in header.value.items():
            for item in _tensor(name, entry, 8 + length, context):
                if isinstance(item, Tensor):
                    tensors.append(item)
                yield item
        yield from layout(tensors, 8 + length, source.size, context)


def _padding(raw: bytes, context: Context) -> Iterator[Item]:
    white = sum(match.end() - match.start() for match in _WHITE.finditer(raw))
    if white > MOST_WHITE and white * 2 > len(raw):
        place = context.place(8, 8 + len(raw))
        yield PADDING.at(place, f"{white} of the header's {len(raw)} bytes are white space")


def _metadata(metadata: Any, context: Context) -> Iterator[Item]:
    if not isinstance(metadata, dict):
        yield METADATA.at(context.place(detail="__metadata__"), "__metadata__ is not an object")
        return
    if metadata:
        told = json.dumps(metadata, ensure_ascii=False, indent=1).encode("utf-8", "replace")
        yield Member(name="__metadata__.json", source=Memory(told, "__metadata__.json"))
    for key, value in metadata.items():
        if not isinstance(value, str):
            where = context.place(detail=f"__metadata__.{key}")
            yield METADATA.at(where, f"__metadata__[{key!r}] is not a string")
        elif key == "format":
            yield Fact(name="framework", value=value)


def _tensor(name: str, entry: Any, base: int, context: Context) -> Iterator[Item]:
    place = context.place(detail=name)
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name):
        yield PATH.at(place, f"a tensor is called {name[:200]!r}")
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(start), int(end)]} if (
            len(entry) == 3 and all(type(axis) is int and axis >= 0 for axis in shape)
        ):
            pass
        case _:
            yield ENTRY.at(place, f"entry of {name!r} is not dtype, shape and data_offsets")
            return
    if not 0 <= start <= end:
        yield RANGE.at(place, f"offsets of {name!r} run from {start} to {end}")
        return
    tensor = Tensor(name=name, dtype=dtype, shape=tuple(shape), start=base + start, end=base + end)
    if dtype not in BITS:
        yield ENTRY.at(place, f"{name!r} has the unknown dtype {dtype!r}")
    elif tensor.elements * BITS[dtype] != (end - start) * 8 or tensor.elements >> 63:
        needed = -(-tensor.elements * BITS[dtype] // 8)
        yield SIZE.at(place, f"{name!r} needs {needed} bytes and has {end - start}")
    yield tensor


def layout(tensors: list[Tensor], base: int, size: int, context: Context) -> Iterator[Item]:
    """Overlaps, holes and tensors past the end, in file order."""
    reached, last = base, "the header"
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        place = context.place(tensor.start, tensor.end, tensor.name)
        if tensor.end > size:
            yield RANGE.at(place, f"{tensor.name!r} ends at byte {tensor.end} of {size}")
        if tensor.start < reached and tensor.end > tensor.start:
            yield OVERLAP.at(place, f"{tensor.name!r} shares bytes with {last}")
        if tensor.start > reached:
            yield _gap(context, reached, min(tensor.start, size))
        if tensor.end >= reached:
            reached, last = tensor.end, repr(tensor.name)
    if reached < size:
        yield _gap(context, reached, size)


def _gap(context: Context, start: int, end: int) -> Item:
    return GAP.at(context.place(start, end), f"{end - start} bytes at {start} belong to no tensor")
