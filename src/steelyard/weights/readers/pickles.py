"""Pickles by themselves: raw, in a row, with joblib's arrays between, torch's old format."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from steelyard.weights.archives.zips import begins
from steelyard.weights.pickles.allowed import allowed
from steelyard.weights.pickles.cursor import BrokenStreamError
from steelyard.weights.pickles.opcodes import NAMES
from steelyard.weights.pickles.report import Note, Report
from steelyard.weights.pickles.rules import BY_ID, DISGUISED, MANY, RULES, TRAILING, UNLISTED
from steelyard.weights.pickles.scan import TORCH_PICKLES, Scan, is_torch_magic
from steelyard.weights.pickles.tensors import named, width
from steelyard.weights.reader import Context, Fact, Import, Item, Reader, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

SNIFFED = 4000
"""Opcodes after which what reads like a pickle is taken for one."""

NEVER_PICKLES = frozenset(
    {
        "7z",
        "csv",
        "ggml",
        "gguf",
        "gif",
        "gz",
        "h5",
        "hdf5",
        "html",
        "ipynb",
        "jinja",
        "jpeg",
        "jpg",
        "json",
        "jsonl",
        "keras",
        "md",
        "mp3",
        "mp4",
        "npz",
        "onnx",
        "pb",
        "pdf",
        "png",
        "py",
        "safetensors",
        "tar",
        "tflite",
        "toml",
        "tsv",
        "txt",
        "wav",
        "xml",
        "yaml",
        "yml",
        "zip",
    }
)
"""Endings of names under which nobody expects a pickle."""

_NEWEST = 5
_NAMES_SHOWN = 12
_COUNT = 8
"""Bytes of the element count before each storage of torch's old format."""


class Pickle(Reader):
    """What loading a pickle would import, call and build."""

    format = "pickle"
    calls = True
    rules: ClassVar[Sequence[Rule]] = RULES

    def sniff(self, source: Source) -> bool:
        """Whether an unpickler would get anywhere: the protocol's mark, or a program."""
        head = source.head
        if head[:1] == b"\x80":
            return len(head) > 2 and head[1] <= _NEWEST and head[2] in NAMES
        # A zip begins with PERSID to an unpickler, which then asks its loader and stops.
        if not head or head[0] not in NAMES or begins(source):
            return False
        report = Report()
        try:
            Scan(budget=SNIFFED).one(source, 0, report)
        except BrokenStreamError as error:
            return bool(report.made) or "opcodes, given up" in str(error)
        return True

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Judge every pickle in the source."""
        suffix = source.name.rpartition(".")[2].lower()
        if suffix in NEVER_PICKLES:
            yield DISGUISED.at(context.place(), f"{source.name!r} is a pickle")
        report = Report()
        end = Scan().row(source, 0, report)
        yield from told(report, context)
        if len(report.results) == TORCH_PICKLES and is_torch_magic(report.results[0]):
            yield Fact(name="container", value="torch, before 1.6")
            yield from _storages(source, end, (report, context))


def told(report: Report, context: Context) -> Iterator[Item]:
    """Give what a look at pickles found, as items of a report."""
    for name in sorted(report.imports):
        yield Import(name=name)
    for note in report.notes.values():
        yield BY_ID[note.rule].at(context.place(note.start, note.end, _opcode(note)), note.message)
    if report.reviewed:
        names = sorted(report.reviewed)
        shown = ", ".join(names[:_NAMES_SHOWN])
        rest = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        start = min(report.reviewed.values())
        strange = [name for name in names if not _familiar(report, name)]
        yield UNLISTED.at(
            context.place(start, detail=(strange or names)[0]),
            f"loading needs {shown}{rest}",
            severity="medium" if strange else "low",
        )
    if report.dropped:
        yield MANY.at(context.place(), f"{report.dropped} more findings were not kept")


def _familiar(report: Report, name: str) -> bool:
    """Whether a reviewed name is of a known library, or of the script that loads the file."""
    found = report.imports.get(name)
    return found is not None and allowed().familiar(found.module, found.name)


def _opcode(note: Note) -> str:
    """Give the opcode and its place, as the terminal shows them."""
    return f"{note.opcode} at byte {note.start}" if note.opcode else ""


def _storages(source: Source, at: int, found: tuple[Report, Context]) -> Iterator[Item]:
    """Give the tensors of torch's old format: counted storages follow the pickles, by key."""
    report, context = found
    places: dict[str, int] = {}
    for key in sorted(report.storages):
        places[key] = at + _COUNT
        at += _COUNT + report.storages[key].elements * width(report.storages[key])
    if at != source.size:
        yield TRAILING.at(
            context.place(min(at, source.size), source.size),
            f"the storages end at byte {at}, the file at byte {source.size}",
        )
        return
    for name, view in named(report.results[3]):
        start = places.get(view.storage.key, source.size) + view.offset * width(view.storage)
        tensor = Tensor(name=name, dtype=view.dtype, shape=view.shape)
        yield Tensor(
            name=name,
            dtype=view.dtype,
            shape=view.shape,
            start=start,
            end=start + tensor.elements * width(view.storage),
        )
