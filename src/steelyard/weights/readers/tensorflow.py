"""TensorFlow: SavedModel and graph protobufs, Keras metadata, TFLite.

Source: tensorflow/core/protobuf/saved_model.proto, framework/graph.proto, function.proto;
tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

import re
from collections.abc import Iterator

from steelyard.evidence.value import Finding, Place, Skipped
from steelyard.weights.protobuf import LENGTH, Field, Message
from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.readers.hdf5 import embedded
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text, read_text

PYTHON = Rule(
    id="tensorflow/python-operator",
    title="Operator that runs Python",
    severity="critical",
    effect="denied",
    what="The graph holds `PyFunc`, `PyFuncStateless` or `EagerPyFunc`.",
    why="They call a Python function of the process that loaded the graph.",
    fix="Refuse the file.",
    references=("https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md", "CWE-94"),
)
FILES = Rule(
    id="tensorflow/file-operator",
    title="Operator that reads or writes files",
    severity="high",
    effect="denied",
    what="The graph reads, writes, lists or loads files by a name of its own, or writes to a "
    "debug address.",
    why="Running the model gives away or changes files of your machine.",
    fix="Refuse the file.",
    references=("https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md", "CWE-73"),
)
CUSTOM = Rule(
    id="tensorflow/custom-operator",
    title="Operators that need a library",
    severity="medium",
    effect="review",
    what="The graph uses operators that come from a library of their own.",
    why="A native library must be loaded beside the model; what it does isn't in this file.",
    fix="Find out which library, and whether you trust it.",
    references=("https://www.tensorflow.org/guide/create_op", "CWE-829"),
)
BROKEN = Rule(
    id="tensorflow/flatbuffer",
    title="FlatBuffer that points outside itself",
    severity="high",
    effect="unreadable",
    what="An offset in the TFLite file leaves the file.",
    why="Loaders that do not verify it read memory that isn't the file's.",
    fix="Refuse the file.",
    references=("CWE-125",),
)
OPERATORS: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (re.compile(r"^(?:Flex)?(?:PyFunc(?:Stateless)?|EagerPyFunc)$"), PYTHON),
    (
        re.compile(
            r"^(?:Flex)?(?:ReadFile|WriteFile|MatchingFiles|PrintV2|Debug\w+|LoadLibrary|"
            r"SaveDataset\w*|LoadDataset\w*|SnapshotDataset\w*|CreateSummary(?:File|Db)Writer|"
            r"TFRecordDataset\w*|TextLineDataset\w*|FixedLengthRecordDataset\w*|"
            r"WholeFileReader\w*|TextLineReader\w*|SqlDataset\w*|DatasetFromGraph|ImportEvent|"
            r"ExperimentalLMDBDataset|LMDBDataset|LMDBReader|RemoteCall|DistributedSave)$"
        ),
        FILES,
    ),
    (re.compile(r"^\w+>\w+|^(?:Xla|Trt|TRTEngine)\w*Custom\w*|^TRTEngineOp$"), CUSTOM),
)


NODE = re.compile(rb"\b(?:node|graph_def|meta_graphs|node_def)\s*:?\s*\{")
OPERATOR = re.compile(r"\bop\s*:\s*[\"']([^\"'\n]{1,200})[\"']")


class SavedModel(Reader):
    """`SavedModel` (schema version 1, then meta graphs), and frozen `GraphDef`."""

    format = "tensorflow"
    calls = True
    rules = (PYTHON, FILES, CUSTOM)

    def sniff(self, source: Source) -> bool:
        """The version and a meta graph, or nodes whose first field is a name."""
        head = source.head
        if head[:3] == b"\x08\x01\x12":
            return Message(source).looks_right(frozenset({1, 2}))
        node = re.match(rb"\x0a[\x06-\x7f]\x0a([\x01-\x40])[\w./:-]+\x12", head)
        return node is not None and Message(source).looks_right(frozenset({1, 2, 3, 4, 5}))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Each operator once, with the first node that uses it."""
        seen: set[str] = set()
        for operator, node in _operators(source):
            if operator not in seen:
                seen.add(operator)
                yield from _judged(operator, context.place(node.start, node.end, operator))
        yield Fact(name="operators", value=str(len(seen)))


def _judged(operator: str, place: Place) -> Iterator[Finding]:
    for pattern, rule in OPERATORS:
        if pattern.search(operator):
            yield rule.at(place, f"the graph uses {operator}")


class GraphText(Reader):
    """Graphs in protobuf's text form: `saved_model.pbtxt`, `graph.pbtxt`."""

    format = "tensorflow-text"
    rank = 1
    calls = True
    rules = (PYTHON, FILES, CUSTOM)

    def sniff(self, source: Source) -> bool:
        """A node and an operator, in text that is no JSON."""
        head = source.head
        return NODE.search(head) is not None and head[:1] != b"{" and looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Each operator once, by line."""
        words = read_text(source)
        if words is None:
            yield Skipped(what=context.path, reason=f"a graph of {source.size} bytes as text")
            return
        first: dict[str, int] = {}
        for match in OPERATOR.finditer(words):
            first.setdefault(match[1], match.start())
        for operator, at in sorted(first.items()):
            line = words.count("\n", 0, at) + 1
            yield from _judged(operator, context.place(detail=f"line {line}"))
        yield Fact(name="operators", value=str(len(first)))


def _operators(source: Source) -> Iterator[tuple[str, Field]]:
    saved = source.head[:1] == b"\x08"
    if not saved:
        yield from _graph(Message(source))
        return
    for meta in Message(source).fields():
        if meta.number == 2 and meta.wire == LENGTH:
            for part in meta.message.fields():
                if part.number == 2 and part.wire == LENGTH:
                    yield from _graph(part.message)


def _graph(graph: Message) -> Iterator[tuple[str, Field]]:
    for part in graph.fields():
        if part.number == 1 and part.wire == LENGTH:
            yield from _node(part)
        elif part.number == 2 and part.wire == LENGTH:
            for function in part.message.fields():
                if function.number == 1 and function.wire == LENGTH:
                    for item in function.message.fields():
                        if item.number == 3 and item.wire == LENGTH:
                            yield from _node(item)


def _node(node: Field) -> Iterator[tuple[str, Field]]:
    for item in node.message.fields():
        if item.number == 2 and item.wire == LENGTH:
            yield item.text(), node


class KerasMetadata(Reader):
    """`keras_metadata.pb`: the configurations of a Keras SavedModel's layers."""

    format = "keras-metadata"
    rules = ()

    def sniff(self, source: Source) -> bool:
        """A protobuf whose first node holds a class name in JSON."""
        head = source.head
        return head[:1] == b"\x0a" and b'"class_name"' in head and b"_tf_keras_" in head

    def read(self, source: Source, context: Context) -> Iterator[Item]:  # noqa: ARG002 (members only)
        """Every configuration as a member."""
        yield from embedded(source)


class TFLite(Reader):
    """FlatBuffers with the identifier `TFL3`."""

    format = "tflite"
    calls = True
    rules = (PYTHON, FILES, CUSTOM, BROKEN)

    def sniff(self, source: Source) -> bool:
        """The file identifier."""
        return source.head[4:8] == b"TFL3"

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Custom operators by name."""
        try:
            names = sorted(set(_custom(_Flat(source))))
        except IndexError as error:
            yield BROKEN.at(context.place(), str(error))
            return
        plain = [name for name in names if not any(p.search(name) for p, _ in OPERATORS)]
        for name in names:
            for pattern, rule in OPERATORS:
                if pattern.search(name):
                    yield rule.at(context.place(detail=name), f"the graph uses {name}")
        if plain:
            yield CUSTOM.at(context.place(), f"custom operators: {', '.join(plain)[:400]}")


class _Flat:
    """Bounded reads from a FlatBuffer."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def number(self, at: int, size: int = 4) -> int:
        data = self._source.read(at, size)
        if len(data) != size:
            raise IndexError(f"offset {at} is outside the file")
        return int.from_bytes(data, "little")

    def follow(self, at: int) -> int:
        return at + self.number(at)

    def field(self, table: int, index: int) -> int:
        """Where field `index` of the table lies; 0 if it has none."""
        back = self.number(table)
        vtable = table - (back - (1 << 32) if back >> 31 else back)
        if vtable < 0 or 4 + 2 * index + 2 > self.number(vtable, 2):
            return 0
        offset = self.number(vtable + 4 + 2 * index, 2)
        return table + offset if offset else 0

    def text(self, at: int) -> str:
        start = self.follow(at)
        size = self.number(start)
        data = self._source.read(start + 4, min(size, 4096))
        return data.decode("utf-8", "replace")


def _custom(flat: _Flat) -> Iterator[str]:
    root = flat.follow(0)
    field = flat.field(root, 1)
    if not field:
        return
    vector = flat.follow(field)
    for index in range(min(flat.number(vector), 10_000)):
        code = flat.follow(vector + 4 + 4 * index)
        name = flat.field(code, 1)
        if name:
            yield flat.text(name)
