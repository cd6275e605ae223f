"""ONNX: a protobuf whose graphs name operators, and whose tensors may lie in other files.

Source: github.com/onnx/onnx, onnx/onnx.proto (IR version 11) and docs/ExternalData.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard.weights.cursor import Cursor
from steelyard.weights.protobuf import LENGTH, VARINT, Field, Message
from steelyard.weights.reader import Context, Fact, Item, Member, Reader, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Memory, Source

EXTERNAL = Rule(
    id="onnx/external-data",
    title="Tensor data outside the folder",
    severity="high",
    effect="denied",
    what="A tensor's data lies at an absolute path, at one that climbs with `..`, or at an "
    "address.",
    why="The loader reads a file of your machine into the model, whose outputs can give it away; "
    "saving the model writes there.",
    fix="Refuse the file.",
    references=(
        "CVE-2022-25882", "CVE-2024-27318", "CVE-2025-51480", "CVE-2026-27489", "CVE-2026-34446",
        "CVE-2026-34447",
    ),
)  # fmt: skip
PYTHON = Rule(
    id="onnx/python-operator",
    title="Operator that runs Python",
    severity="critical",
    effect="denied",
    what="A node is a `PyOp`, `PythonOp` or another operator that calls a Python function.",
    why="The runtime imports the module and calls the function that the file names.",
    fix="Refuse the file.",
    references=("https://onnxruntime.ai/docs/extensions/", "CWE-94"),
)
DOMAIN = Rule(
    id="onnx/custom-domain",
    title="Operators that need a library",
    severity="medium",
    effect="review",
    what="The graph uses operators of a domain that is neither ONNX's own nor ONNX Runtime's.",
    why="They come from a native library that must be loaded beside the model; what it does "
    "isn't in this file.",
    fix="Find out which library, and whether you trust it.",
    references=("https://onnxruntime.ai/docs/reference/operators/add-custom-op.html", "CWE-829"),
)
LOCAL = Rule(
    id="onnx/shadowed-operator",
    title="Function that replaces an operator",
    severity="high",
    effect="review",
    what="A function in the model has the domain and name of a standard operator.",
    why="The node that reads as `Relu` does something else.",
    fix="Read the function's graph.",
    references=("https://onnx.ai/onnx/repo-docs/IR.html#functions",),
)
LINK = Rule(
    id="onnx/external-name",
    title="External data with an odd name",
    severity="medium",
    effect="review",
    what="External data lies in a hidden file, or its name holds control characters or a "
    "backslash.",
    why="What is checked under one reading of the name may be opened under another.",
    fix="Write the model again with the onnx library.",
    references=("CVE-2026-34446", "CWE-22"),
)
TENSOR = Rule(
    id="onnx/tensor",
    title="Tensor bytes that do not fit its shape",
    severity="medium",
    effect="review",
    what="A tensor's raw data is not as long as its shape and type say, or an axis is negative "
    "or overflows.",
    why="Code that trusts the shape reads or writes beyond the bytes.",
    fix="Write the model again with the onnx library.",
    references=("CWE-125", "CWE-190"),
)

OWN_DOMAINS = re.compile(
    r"^(?:|ai\.onnx(?:\.ml|\.preview(?:\.training)?|\.training)?|com\.microsoft(?:\.\w+)*|"
    r"pkg\.onnxscript[\w.]*|pkg\.torch[\w.]*|ai\.onnx\.contrib\.none|com\.ms\.\w+)$"
)
PYTHON_OPERATORS = re.compile(r"^(?:Py(?:thon)?Op\w*|PyCustomOp\w*|PythonFunction|PyFunc\w*)$")
TYPES = {
    1: ("F32", 4), 2: ("U8", 1), 3: ("I8", 1), 4: ("U16", 2), 5: ("I16", 2), 6: ("I32", 4),
    7: ("I64", 8), 9: ("BOOL", 1), 10: ("F16", 2), 11: ("F64", 8), 12: ("U32", 4), 13: ("U64", 8),
    14: ("C64", 8), 15: ("C128", 16), 16: ("BF16", 2), 17: ("F8_E4M3", 1), 19: ("F8_E5M2", 1),
}  # fmt: skip
"""`TensorProto.DataType` → safetensors name, bytes."""

MODEL_FIELDS = frozenset({*range(1, 9), 14, 20, 25, 26})
DEEPEST = 60


@dataclass(slots=True)
class Found:
    """Collected over the graph."""

    domains: dict[str, set[str]] = field(default_factory=dict)
    """Domain → operators."""

    texts: list[str] = field(default_factory=list)


class ONNX(Reader):
    """`ModelProto`."""

    format = "onnx"
    calls = True
    rules = (EXTERNAL, PYTHON, DOMAIN, LOCAL, LINK, TENSOR)

    def sniff(self, source: Source) -> bool:
        """An IR version first, then only fields of a model, a graph among them."""
        head = source.head
        if len(head) < 8 or head[0] != 0x08 or not 0 < head[1] < 64:
            return False
        numbers = set()
        try:
            for count, item in enumerate(Message(source).fields()):
                numbers.add(item.number)
                if item.number not in MODEL_FIELDS or count > 200:
                    break
        except ValueError:
            pass
        return 7 in numbers and numbers <= MODEL_FIELDS

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Graph, functions and metadata."""
        found = Found()
        for item in Message(source).fields():
            match item.number:
                case 2 if item.wire == LENGTH:
                    yield Fact(name="producer", value=item.text()[:100])
                case 7 if item.wire == LENGTH:
                    yield from _graph(item, found, context, 0)
                case 14 if item.wire == LENGTH:
                    found.texts.append(" = ".join(_pair(item)))
                case 25 if item.wire == LENGTH:
                    yield from _function(item, found, context)
                case 6 if item.wire == LENGTH:
                    found.texts.append(item.text())
                case _:
                    pass
        for domain, operators in sorted(found.domains.items()):
            if not OWN_DOMAINS.match(domain):
                names = ", ".join(sorted(operators)[:20])
                yield DOMAIN.at(context.place(detail=domain), f"domain {domain!r}: {names}")
        text = "\n".join(found.texts).encode("utf-8", "replace")
        yield Member(name="metadata.txt", source=Memory(text, "metadata.txt"))


def _pair(item: Field) -> tuple[str, str]:
    texts = {part.number: part.text() for part in item.message.fields() if part.wire == LENGTH}
    return texts.get(1, ""), texts.get(2, "")


def _graph(graph: Field, found: Found, context: Context, depth: int) -> Iterator[Item]:
    if depth > DEEPEST:
        raise ValueError(f"graphs nested deeper than {DEEPEST}")
    for item in graph.message.fields():
        match item.number:
            case 1:
                yield from _node(item, found, context, depth)
            case 5:
                yield from _tensor(item, context)
            case 15:
                for part in item.message.fields():
                    if part.number in (1, 2):
                        yield from _tensor(part, context)
            case _:
                pass


def _node(node: Field, found: Found, context: Context, depth: int) -> Iterator[Item]:
    operator = domain = ""
    for item in node.message.fields():
        match item.number:
            case 4:
                operator = item.text()
            case 7:
                domain = item.text()
            case 5:
                yield from _attribute(item, found, context, depth)
            case _:
                pass
    found.domains.setdefault(domain, set()).add(operator)
    if PYTHON_OPERATORS.match(operator):
        place = context.place(node.start, node.end, operator)
        yield PYTHON.at(place, f"node {operator!r} of domain {domain!r}")


def _attribute(attribute: Field, found: Found, context: Context, depth: int) -> Iterator[Item]:
    for item in attribute.message.fields():
        match item.number:
            case 5 | 10 if item.wire == LENGTH:
                yield from _tensor(item, context)
            case 6 | 11 if item.wire == LENGTH:
                yield from _graph(item, found, context, depth + 1)
            case 4 | 9 if item.wire == LENGTH:
                found.texts.append(item.bytes(4096).decode("utf-8", "replace"))
            case _:
                pass


def _function(function: Field, found: Found, context: Context) -> Iterator[Item]:
    name = domain = ""
    for item in function.message.fields():
        match item.number:
            case 1:
                name = item.text()
            case 10:
                domain = item.text()
            case 7:
                yield from _node(item, found, context, 0)
            case _:
                pass
    if domain in ("", "ai.onnx"):
        place = context.place(function.start, function.end, name)
        yield LOCAL.at(place, f"function {name!r} in the standard domain")


def _tensor(tensor: Field, context: Context) -> Iterator[Item]:  # noqa: C901 (one case a field)
    axes: list[int] = []
    name, kind, external = "", 0, {}
    raw: Field | None = None
    for item in tensor.message.fields():
        match item.number:
            case 1 if item.wire == VARINT:
                axes.append(item.value)
            case 1 if item.wire == LENGTH:
                axes += _packed(item)
            case 2:
                kind = item.value
            case 8:
                name = item.text()
            case 9:
                raw = item
            case 13:
                key, value = _pair(item)
                external[key] = value
            case _:
                pass
    dtype, width = TYPES.get(kind, (f"type {kind}", 0))
    place = context.place(tensor.start, tensor.end, name)
    start, end = (raw.start, raw.end) if raw else (-1, -1)
    made = Tensor(name=name, dtype=dtype, shape=tuple(axes), start=start, end=end)
    if any(axis >> 62 for axis in axes):
        yield TENSOR.at(place, f"tensor {name!r} has the axes {axes[:8]}")
    elif raw and width and made.elements * width != raw.size:
        yield TENSOR.at(place, f"tensor {name!r} needs {made.elements * width} bytes of {raw.size}")
    if "location" in external:
        yield from _external(external["location"], name, context)
        yield from _range(external, name, context)
    if len(axes) and not any(axis >> 62 for axis in axes):
        yield made


def _packed(item: Field) -> list[int]:
    cursor = Cursor(item.source, item.start, item.end)
    found: list[int] = []
    while cursor.left and len(found) < 64:
        found.append(cursor.varint())
    return found


def _range(external: dict[str, str], name: str, context: Context) -> Iterator[Item]:
    """Judge where in the other file the data is said to lie."""
    for key in ("offset", "length"):
        value = external.get(key, "0")
        if not value.isdecimal() or len(value) > 15:
            place = context.place(detail=name)  # a petabyte has fewer digits
            yield TENSOR.at(place, f"{key} of {name!r} in its file is {value[:40]!r}")


def _external(location: str, name: str, context: Context) -> Iterator[Item]:
    place = context.place(detail=name)
    parts = re.split(r"[/\\]", location)
    absolute = location.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", location)
    if absolute or ".." in parts or "://" in location:
        yield EXTERNAL.at(place, f"data of {name!r} lies at {location!r}")
    elif "\\" in location or not location.isprintable() or any(p.startswith(".") for p in parts):
        yield LINK.at(place, f"data of {name!r} lies at {location!r}")
    else:
        yield Fact(name="external-data", value=location)
