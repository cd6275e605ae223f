"""GGUF versions 1 to 3, little and big endian.

Source: github.com/ggml-org/ggml, docs/gguf.md, and ggml/src/gguf.cpp for the limits that
llama.cpp keeps. Where we differ: we go on after a bad tensor, and report padding and bytes
that the specification leaves to the writer.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard.evidence.value import Finding
from steelyard.weights.cursor import Cursor, MalformedError
from steelyard.weights.reader import Context, Fact, Item, Member, Reader, Tensor
from steelyard.weights.readers.ggml import QUANTISATIONS, TYPES
from steelyard.weights.readers.gguf_rules import (
    ALIGNMENT,
    BOMB,
    DUPLICATE,
    GAP,
    HEADER,
    INDEX,
    OVERLAP,
    RANGE,
    RULES,
    TENSOR,
)
from steelyard.weights.source import Memory, Source

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q",
           12: "d"}  # fmt: skip
STRING, ARRAY = 8, 9
# From: docs/gguf.md, `gguf_metadata_value_type`.

MOST_AXES, LONGEST_NAME, DEEPEST_ARRAY = 4, 63, 4
# From: ggml/include/ggml.h, GGML_MAX_DIMS, GGML_MAX_NAME (with its final zero byte).
LONGEST_TEXT = 16 << 20
MOST_LAYERS = 100_000
NUMBER = re.compile(r"(?<=\.)\d{1,20}(?=\.|$)")

FACTS = {
    "general.architecture": "architecture",
    "general.license": "licence",
    "general.name": "name",
    "general.base_model.0.repo_url": "base-model",
    "general.base_model.0.name": "base-model-name",
}

Value = str | int | float | bool | None


@dataclass(slots=True)
class Header:
    """What the header said, as far as it could be read."""

    order: str
    version: int
    values: dict[str, Value] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    """Key of an array → number of items."""


class _Bomb(Exception):  # noqa: N818 (never leaves this module)
    """A count or length that the file has no bytes for."""


class GGUF(Reader):
    """Files that begin with `GGUF`."""

    format = "gguf"
    rules = RULES

    def sniff(self, source: Source) -> bool:
        """The magic, whichever way round."""
        return source.head[:4] in (b"GGUF", b"FUGG")

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Metadata, then tensors, then the bytes between them."""
        cursor = Cursor(source, 4)
        try:
            yield from _file(source, cursor, context)
        except MalformedError as error:
            yield HEADER.at(context.place(cursor.position), f"the header cannot be read: {error}")
        except _Bomb as error:
            yield BOMB.at(context.place(cursor.position), str(error))


def _file(source: Source, cursor: Cursor, context: Context) -> Iterator[Item]:
    raw = cursor.take(4)
    order = "<" if 0 < struct.unpack("<I", raw)[0] < 1 << 16 else ">"
    header = Header(order=order, version=struct.unpack(order + "I", raw)[0])
    if header.version not in (1, 2, 3):
        raise MalformedError(f"version {header.version} is not 1, 2 or 3")
    tensors, keys = _length(cursor, header), _length(cursor, header)
    if tensors * 24 + keys * 13 > source.size:
        raise _Bomb(f"{tensors} tensors and {keys} keys in a file of {source.size} bytes")
    yield from _metadata(cursor, header, keys, context)
    yield from _facts(header)
    found: list[Tensor] = []
    names: set[str] = set()
    for _ in range(tensors):
        for item in _tensor(cursor, header, context):
            if isinstance(item, Tensor):
                if item.name in names:
                    place = context.place(detail=item.name)
                    yield DUPLICATE.at(place, f"tensor {item.name!r} stands twice")
                names.add(item.name)
                found.append(item)
            else:
                yield item
    yield from _layout(source, cursor, header, found, context)


def _length(cursor: Cursor, header: Header) -> int:
    return cursor.number(header.order + ("I" if header.version == 1 else "Q"))


def _text(cursor: Cursor, header: Header) -> bytes:
    length = _length(cursor, header)
    if length > min(cursor.left, LONGEST_TEXT):
        raise _Bomb(f"a text of {length} bytes where {cursor.left} are left")
    return cursor.take(length)


def _metadata(cursor: Cursor, header: Header, keys: int, context: Context) -> Iterator[Item]:
    texts: list[str] = []
    for _ in range(keys):
        start = cursor.position
        key = _text(cursor, header).decode("utf-8", "replace")
        place = context.place(start, cursor.position, key)
        if key in header.values:
            yield DUPLICATE.at(place, f"key {key!r} stands twice")
        value = _value(cursor, header, cursor.number(header.order + "I"), key)
        header.values[key] = value
        if isinstance(value, str):
            if key.startswith("tokenizer.chat_template"):
                yield Member(name=f"{key}.jinja", source=Memory(value.encode(), f"{key}.jinja"))
            else:
                texts.append(f"{key}: {value}")
    yield Member(name="metadata.txt", source=Memory("\n".join(texts).encode(), "metadata.txt"))


def _value(cursor: Cursor, header: Header, kind: int, key: str) -> Value:
    match kind:
        case 8:
            return _text(cursor, header).decode("utf-8", "replace")
        case 9:
            header.lengths[key] = _array(cursor, header, 0)
            return None
        case _ if kind in SCALARS:
            layout = header.order + SCALARS[kind]
            value: Value = struct.unpack(layout, cursor.take(struct.calcsize(layout)))[0]
            return value
        case _:
            raise MalformedError(f"key {key!r} has the unknown value type {kind}")


def _array(cursor: Cursor, header: Header, depth: int) -> int:
    """Pass over an array; the number of its items."""
    kind = cursor.number(header.order + "I")
    count = _length(cursor, header)
    if depth > DEEPEST_ARRAY:
        raise MalformedError(f"arrays nested deeper than {DEEPEST_ARRAY}")
    width = struct.calcsize("<" + SCALARS[kind]) if kind in SCALARS else 4
    if count * width > cursor.left:
        raise _Bomb(f"an array of {count} items where {cursor.left} bytes are left")
    if kind in SCALARS:
        cursor.skip(count * width)
    elif kind == STRING:
        for _ in range(count):
            length = _length(cursor, header)
            if length > cursor.left:
                raise _Bomb(f"a text of {length} bytes where {cursor.left} are left")
            cursor.skip(length)
    elif kind == ARRAY:
        for _ in range(count):
            _array(cursor, header, depth + 1)
    else:
        raise MalformedError(f"an array has the unknown item type {kind}")
    return count


def _facts(header: Header) -> Iterator[Fact]:
    for key, name in FACTS.items():
        value = header.values.get(key)
        if isinstance(value, str) and value:
            yield Fact(name=name, value=value)
    quantisation = header.values.get("general.file_type")
    if isinstance(quantisation, int) and quantisation in QUANTISATIONS:
        yield Fact(name="quantisation", value=QUANTISATIONS[quantisation])
    architecture = header.values.get("general.architecture")
    for suffix in ("block_count", "embedding_length", "vocab_size"):
        number = header.values.get(f"{architecture}.{suffix}")
        if isinstance(number, int):
            yield Fact(name=suffix.replace("_", "-"), value=str(number))
    if "tokenizer.ggml.tokens" in header.lengths:
        yield Fact(name="tokens", value=str(header.lengths["tokenizer.ggml.tokens"]))


def _tensor(cursor: Cursor, header: Header, context: Context) -> Iterator[Tensor | Finding]:
    start = cursor.position
    raw = _text(cursor, header)
    name = raw.decode("utf-8", "replace")
    place = context.place(start, cursor.position, name)
    axes = cursor.number(header.order + "I")
    if axes > 64:
        raise _Bomb(f"tensor {name!r} claims {axes} axes")
    shape = tuple(_length(cursor, header) for _ in range(axes))
    kind = cursor.number(header.order + "I")
    offset = cursor.number(header.order + "Q")
    dtype, block, width = TYPES.get(kind, (f"type {kind}", 1, 0))
    tensor = Tensor(name=name, dtype=dtype, shape=shape[::-1], start=offset, end=offset)
    problem = _problem(tensor, raw, kind)
    if problem:
        yield TENSOR.at(place, f"tensor {name!r} {problem}")
    for number in NUMBER.findall(name):
        if int(number) > MOST_LAYERS:
            yield INDEX.at(place, f"tensor {name!r} claims layer {number}")
    size = tensor.elements // block * width
    yield Tensor(name=name, dtype=dtype, shape=shape[::-1], start=offset, end=offset + size)


def _problem(tensor: Tensor, raw: bytes, kind: int) -> str:
    """What is wrong with a tensor's description, or nothing."""
    _, block, width = TYPES.get(kind, ("", 1, 0))
    rows = tensor.shape[-1] if tensor.shape else 1
    problems = {
        f"has the unknown type {kind}": kind not in TYPES,
        f"has {len(tensor.shape)} axes": len(tensor.shape) > MOST_AXES,
        f"has a name of {len(raw)} bytes": len(raw) > LONGEST_NAME,
        "has an axis of length zero": 0 in tensor.shape,
        f"has rows of {rows}, not a multiple of {block}": rows % block != 0,
        "has a size that overflows 63 bits": tensor.elements * max(width, block) >> 63 != 0,
    }
    return " and ".join(text for text, wrong in problems.items() if wrong)


def _layout(
    source: Source, cursor: Cursor, header: Header, tensors: list[Tensor], context: Context
) -> Iterator[Item]:
    given = header.values.get("general.alignment", 32)
    alignment = given if isinstance(given, int) and not isinstance(given, bool) else 0
    if not 0 < alignment <= 1 << 16 or alignment & (alignment - 1):
        place = context.place(detail="general.alignment")
        yield ALIGNMENT.at(place, f"general.alignment is {given}")
        alignment = 32
    base = -(-cursor.position // alignment) * alignment
    reached, last = cursor.position, "the header"
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        start, end = base + tensor.start, base + tensor.end
        place = context.place(detail=tensor.name)
        if tensor.start % alignment:
            yield ALIGNMENT.at(place, f"tensor {tensor.name!r} starts at offset {tensor.start}")
        if end > source.size:
            yield RANGE.at(place, f"tensor {tensor.name!r} ends at byte {end} of {source.size}")
        elif tensor.end > tensor.start:
            if start < reached:
                yield OVERLAP.at(place, f"tensor {tensor.name!r} shares bytes with {last}")
            yield from _unowned(source, reached, start, alignment, context)
        yield Tensor(name=tensor.name, dtype=tensor.dtype, shape=tensor.shape, start=start, end=end)
        if end >= reached:
            reached, last = end, repr(tensor.name)
    yield from _unowned(source, reached, source.size, alignment, context)


def _unowned(
    source: Source, start: int, end: int, alignment: int, context: Context
) -> Iterator[Item]:
    """Bytes between two tensors: fine if they are padding, all zero, shorter than a step."""
    if end <= start:
        return
    place = context.place(start, end)
    if end - start >= alignment and end - start > -start % alignment:
        yield GAP.at(place, f"{end - start} bytes at {start} belong to no tensor")
    elif any(source.read(start, end - start)):
        yield GAP.at(place, f"the padding at {start} is not zero")
