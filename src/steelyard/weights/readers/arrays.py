"""NumPy's `.npy`: a header that is a Python literal, then raw elements or a pickle of objects.

From: NumPy `numpy/lib/format.py`, "Format Version 1.0" to 3.0.
"""

import ast
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from steelyard.weights.pickles.arrays import size_of
from steelyard.weights.reader import Context, Item, Member, Reader, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
"""Bytes: NumPy's own limit for `ast.literal_eval`, which can take all memory beyond."""

HEADER = Rule(
    id="npy/header",
    title="Array header that cannot be read",
    severity="high",
    effect="unreadable",
    what="The header is no dictionary of `descr`, `fortran_order` and `shape`, or longer "
    "than NumPy "
    "allows.",
    why="Old readers evaluated the header; new ones refuse it, or take all memory on it.",
    fix="Get the file again; refuse it if it is the same at its source.",
    references=("https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html", "CWE-95"),
)
OBJECTS = Rule(
    id="npy/object-array",
    title="Array of pickled objects",
    severity="low",
    effect="review",
    what="The elements are Python objects, so the file holds a pickle.",
    why="Loading it needs `allow_pickle=True`, which runs whatever the pickle says.",
    fix="Ask for an array of numbers or text.",
    references=("CVE-2019-6446",),
)
SIZE = Rule(
    id="npy/size",
    title="Array of another size than told",
    severity="high",
    effect="review",
    what="Shape and element type do not account for the bytes of the file.",
    why="Bytes that no reader shows can hide anything; missing ones crash or disclose memory.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=("CWE-131",),
)


@dataclass(frozen=True)
class _Header:
    descr: Any
    shape: tuple[int, ...]
    end: int


class Arrays(Reader):
    """One array."""

    format = "npy"
    calls = True
    rules: ClassVar[Sequence[Rule]] = (HEADER, OBJECTS, SIZE)

    def sniff(self, source: Source) -> bool:
        """Whether the bytes begin as an array file."""
        return source.head.startswith(MAGIC)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Check the header against the bytes; objects are read as the pickle they are."""
        header = _header(source)
        if isinstance(header, str):
            yield HEADER.at(context.place(0, min(source.size, LONGEST_HEADER)), header)
            return
        if _holds_objects(header.descr):
            yield OBJECTS.at(context.place(header.end, source.size), "the elements are objects")
            rest = source.window(header.end, source.size - header.end, "objects.pkl")
            yield Member(name="(objects)", source=rest)
            return
        width = _width(header.descr)
        if width is None:
            yield HEADER.at(context.place(0, header.end), f"the element type is {header.descr!r}")
            return
        wanted = math.prod(header.shape) * width
        if header.end + wanted != source.size:
            yield SIZE.at(
                context.place(header.end, source.size),
                f"shape {header.shape} takes {wanted} bytes, {source.size - header.end} are there",
            )
        elif isinstance(header.descr, str) and header.descr.lstrip("<|=") in _DTYPES:
            name = _DTYPES[header.descr.lstrip("<|=")]
            yield Tensor(
                name="array", dtype=name, shape=header.shape, start=header.end, end=source.size
            )


_DTYPES = {
    "f8": "F64",
    "f4": "F32",
    "f2": "F16",
    "i8": "I64",
    "i4": "I32",
    "i2": "I16",
    "i1": "I8",
    "u8": "U64",
    "u4": "U32",
    "u2": "U16",
    "u1": "U8",
    "b1": "BOOL",
}


def _header(source: Source) -> "_Header | str":
    """Read the header; a text says what is wrong with it."""
    major = source.head[len(MAGIC)] if len(source.head) > len(MAGIC) else 0
    if major not in {1, 2, 3}:
        return f"version {major} does not exist"
    field = 2 if major == 1 else 4
    begin = len(MAGIC) + 2 + field
    length = int.from_bytes(source.read(begin - field, field), "little")
    if length > LONGEST_HEADER or begin + length > source.size:
        return f"the header claims {length} bytes"
    text = source.read(begin, length).decode("latin1" if major < 3 else "utf-8", "replace")
    try:
        # Python 2 wrote long integers with an L, which NumPy drops too.
        value = ast.literal_eval(re.sub(r"(?<=\d)L(?=[,)\s])", "", text.strip()))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return f"the header is no literal: {text[:80]!r}"
    if not isinstance(value, dict) or set(value) != {"descr", "fortran_order", "shape"}:
        return f"the header is {text[:80]!r}"
    shape = value["shape"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        return f"the shape is {str(shape)[:80]}"
    return _Header(value["descr"], shape, begin + length)


def _holds_objects(descr: Any, depth: int = 0) -> bool:
    """Whether an element type has Python objects in it."""
    if isinstance(descr, str):
        return descr.lstrip("<>=|").startswith("O")
    if depth > 8 or not isinstance(descr, (list, tuple)):
        return False
    return any(_holds_objects(part, depth + 1) for part in descr if not isinstance(part, int))


def _width(descr: Any) -> int | None:
    """Give the bytes of an element; None if they cannot be told."""
    if isinstance(descr, str):
        return size_of(descr)
    if not isinstance(descr, list):
        return None
    total = 0
    for part in descr:
        if not isinstance(part, tuple) or len(part) not in {2, 3}:
            return None
        width = _width(part[1])
        if width is None:
            return None
        times = part[2] if len(part) == 3 else ()
        counts = times if isinstance(times, tuple) else (times,)
        if not all(type(n) is int for n in counts):
            return None
        total += width * math.prod(counts)
    return total
