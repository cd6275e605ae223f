"""What a zip or tar is for: torch's checkpoints, TorchScript, TorchServe, skops, Hydra."""

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from steelyard.weights.pickles.allowed import allowed
from steelyard.weights.pickles.cursor import BrokenStreamError
from steelyard.weights.pickles.report import Report, Storage
from steelyard.weights.pickles.scan import Scan
from steelyard.weights.pickles.tensors import View, named, width
from steelyard.weights.reader import Context, Fact, Import, Item, Member, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source

LONGEST_TEXT = 16 << 20
"""Bytes of a schema, a manifest or code that are read."""

STORAGE_SIZE = Rule(
    id="torch/storage-size",
    title="Storage of another size than declared",
    severity="high",
    effect="review",
    what="The pickle of a torch archive declares a tensor's storage, and the entry with its bytes "
    "is missing or has another size.",
    why="A loader that trusts the declared size reads or writes memory that is not the tensor's.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=("CVE-2026-24747", "CWE-131"),
)
CODE = Rule(
    id="torchscript/code",
    title="Model with code of its own",
    severity="low",
    effect="review",
    what="The archive is a TorchScript program: the code that runs with the model is in it.",
    why="TorchScript is a restricted language, and still a program: read it, or take the "
    "weights alone.",
    fix="Ask the publisher for safetensors and the source of the model.",
    references=("https://docs.pytorch.org/docs/stable/jit.html",),
)
CODE_REACHES = Rule(
    id="torchscript/reaches-files",
    title="TorchScript that reaches files or native code",
    severity="critical",
    effect="denied",
    what="The code in a TorchScript archive calls an operator that reads or writes files, or one "
    "that a loaded library must provide.",
    why="The restricted language has operators that reach any file of whoever runs the model.",
    fix="Do not load the file. Ask the publisher for safetensors.",
    references=("CWE-73", "CWE-94"),
)
HANDLER = Rule(
    id="torchserve/handler",
    title="Archive that brings its own handler",
    severity="medium",
    effect="review",
    what="A TorchServe archive names a Python file of its own as handler.",
    why="Serving the archive runs the file, with the rights of the server.",
    fix="Read the handler, or serve the model with one that comes with TorchServe.",
    references=("https://github.com/pytorch/serve/blob/master/model-archiver/README.md",),
)
SKOPS_TYPE = Rule(
    id="skops/type",
    title="skops type that runs code or reaches files",
    severity="critical",
    effect="denied",
    what="The schema of a skops file names a function or class that is known to run code or reach "
    "files, or walks attributes.",
    why="Loading imports and calls what the schema names, once the types are trusted.",
    fix="Do not load the file, and do not add its types to the trusted ones.",
    references=("CVE-2025-54412", "CVE-2025-54413", "CVE-2025-54886"),
)
SKOPS_UNLISTED = Rule(
    id="skops/unlisted-type",
    title="skops types that nobody vouches for",
    severity="medium",
    effect="review",
    what="The schema of a skops file names types beyond those of known libraries.",
    why="skops asks to trust them: each is imported, and may act when its state is set.",
    fix="Trust only types whose package you know.",
    references=("https://skops.readthedocs.io/en/stable/persistence.html",),
)
RULES = (STORAGE_SIZE, CODE, CODE_REACHES, HANDLER, SKOPS_TYPE, SKOPS_UNLISTED)

_REACHING = re.compile(
    r"\b(torch\.(?:from_file|save|load|_save|_load\w*|hub|ops)"
    r"|ops\.(?!aten\b|prim\b|prims\b|quantized\b|_quantized\b|torchvision\b|torchaudio\b|torch\b"
    r"|sparse\b|profiler\b|inductor\b|xnnpack\b|prepacked\b|mkldnn\w*\b|cuda\b|rngprim\b)\w+\.\w+"
    r"|ops\.(?:aten|prim|prims)\.(?:from_file|save|load)\w*)"
)


def told(members: Sequence[Member], context: Context, base: int | None) -> Iterator[Item]:
    """Say what the archive is, and judge what only all of its members tell together.

    Args:
        members: What is in the archive.
        context: Of the archive.
        base: Byte of the file at which the archive starts, where it is a plain piece of one.
    """
    by_name = {member.name: member.source for member in members}
    for name, source in by_name.items():
        folder, _, last = name.rpartition("/")
        if last == "data.pkl":
            yield from _torch(folder, (by_name, base or 0), context)
        elif last == "MANIFEST.json" and folder.endswith("MAR-INF"):
            yield from _torchserve(source, context)
        elif name == "schema.json":
            yield from _skops(source, context)


def storages(members: Sequence[Member]) -> set[str]:
    """Give the entries that are, to the byte, storages declared by a torch pickle.

    They hold numbers and nothing else that a loader of this archive would read.
    """
    sizes = {member.name: member.source.size for member in members}
    found: set[str] = set()
    for member in members:
        folder, slash, last = member.name.rpartition("/")
        if last == "data.pkl":
            prefix = f"{folder}{slash}data/"
            for key, storage in _report(member.source).storages.items():
                if sizes.get(prefix + key) == storage.elements * width(storage):
                    found.add(prefix + key)
        elif last.endswith(("_weights_config.json", "_constants_config.json")):
            found |= {f"{folder}{slash}{name}" for name in _exported(member.source)}
    return found


def _exported(source: Source) -> Iterator[str]:
    """Give the files that a `torch.export` archive (PT2) reads as bare numbers."""
    config = _parsed(source)
    entries = config.get("config") if isinstance(config, dict) else None
    for entry in entries.values() if isinstance(entries, dict) else ():
        if isinstance(entry, dict) and entry.get("use_pickle") is False:
            yield str(entry.get("path_name"))


def _report(source: Source) -> Report:
    """Judge a pickle as far as it goes; its own reader says why it stops."""
    report = Report()
    with contextlib.suppress(BrokenStreamError):
        Scan().one(source, 0, report)
    return report


def _torch(folder: str, inside: tuple[dict[str, Source], int], context: Context) -> Iterator[Item]:
    """Judge a torch archive: code, and the sizes of storages."""
    members, base = inside
    prefix = f"{folder}/" if folder else ""
    code = sorted(name for name in members if name.startswith(f"{prefix}code/"))
    yield Fact(name="container", value="TorchScript" if code else "torch zip")
    programs = [name for name in code if name.endswith(".py")]
    if programs:
        shown = ", ".join(programs[:8])
        yield CODE.at(context.place(detail=programs[0]), f"{len(programs)} files of code: {shown}")
    for name in programs:
        yield from _program(name, members[name], context)
    report = _report(members[f"{prefix}data.pkl"])
    for key, storage in report.storages.items():
        yield from _storage(f"{prefix}data/{key}", storage, (members, context))
    for name, view in named(report.results[0] if report.results else None):
        yield _tensor(name, view, members.get(f"{prefix}data/{view.storage.key}"), base)


def _program(name: str, source: Source, context: Context) -> Iterator[Item]:
    """Look for operators that reach files."""
    text = source.read(0, LONGEST_TEXT).decode("utf-8", "replace")
    for call in sorted(set(_REACHING.findall(text))):
        yield CODE_REACHES.at(context.place(detail=name), f"{name} calls {call}")


def _storage(
    name: str, storage: Storage, where: tuple[dict[str, Source], Context]
) -> Iterator[Item]:
    """Compare a declared storage with the entry that has its bytes."""
    members, context = where
    wanted = storage.elements * width(storage)
    source = members.get(name)
    if source is None:
        yield STORAGE_SIZE.at(context.place(detail=name), f"{name} is declared, and missing")
    elif source.size != wanted:
        yield STORAGE_SIZE.at(
            context.place(detail=name),
            f"{name} has {source.size} bytes, {storage.elements} elements of {storage.dtype} "
            f"take {wanted}",
        )


def _tensor(name: str, view: View, source: Source | None, base: int) -> Tensor:
    """Give a tensor, with its place in the archive where it is stored as it is."""
    plain = Tensor(name=name, dtype=view.dtype, shape=view.shape)
    origin = source.origin() if source is not None else None
    if origin is None or not _contiguous(view):
        return plain
    size = plain.elements * width(view.storage)
    start = view.offset * width(view.storage)
    if source is None or start + size > source.size:
        return plain
    return Tensor(
        name=name,
        dtype=view.dtype,
        shape=view.shape,
        start=origin - base + start,
        end=origin - base + start + size,
    )


def _contiguous(view: View) -> bool:
    """Whether the elements stand one after the other."""
    step = 1
    for length, stride in zip(reversed(view.shape), reversed(view.stride), strict=False):
        if length > 1 and stride != step:
            return False
        step *= length
    return True


def _parsed(source: Source) -> Any:
    """Read JSON; None if it is none."""
    if source.size > LONGEST_TEXT:
        return None
    try:
        return json.loads(source.read(0, source.size))
    except (ValueError, RecursionError):
        return None


def _torchserve(source: Source, context: Context) -> Iterator[Item]:
    """Judge the manifest of a TorchServe archive."""
    yield Fact(name="container", value="TorchServe archive")
    data = _parsed(source)
    model = data.get("model") if isinstance(data, dict) else None
    handler = model.get("handler") if isinstance(model, dict) else None
    if isinstance(handler, str) and (".py" in handler or ":" in handler):
        yield HANDLER.at(context.place(detail="MANIFEST.json"), f"the handler is {handler}")


def _skops(source: Source, context: Context) -> Iterator[Item]:
    """Judge the types that a skops schema names."""
    data = _parsed(source)
    if not isinstance(data, dict) or "__loader__" not in data:
        return
    yield Fact(name="container", value="skops")
    place = context.place(detail="schema.json")
    unlisted: list[str] = []
    for module, name, loader in sorted(_types(data)):
        full = f"{module}.{name}"
        yield Import(name=full)
        known = allowed().look_up(module, name)
        plain = full in {"builtins.str", "builtins.tuple", "builtins.dict", "builtins.list"}
        if known.standing == "denied" and not _harmless_in_skops(module, name):
            yield SKOPS_TYPE.at(place, f"{full} is named by a {loader}: {known.why}")
        elif loader == "MethodNode" and "__" in name:
            yield SKOPS_TYPE.at(place, f"the method {full} is reached by attribute")
        elif known.standing in {"unlisted", "review"} and not plain:
            unlisted.append(full)
    if unlisted:
        yield SKOPS_UNLISTED.at(place, f"trusting it means trusting {', '.join(unlisted[:12])}")


def _harmless_in_skops(module: str, name: str) -> bool:
    """Names that a schema uses for plain data or to say what kind of node it is."""
    return (module, name) in {
        ("builtins", "type"),
        ("builtins", "function"),
        ("builtins", "method"),
        ("builtins", "NoneType"),
        ("types", "FunctionType"),
        ("types", "MethodType"),
        ("functools", "partial"),
    }


def _types(data: Any) -> set[tuple[str, str, str]]:
    """Collect (module, class or function, loader) from every node."""
    found: set[tuple[str, str, str]] = set()
    todo = [data]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, dict):
            todo += node.values()
            loader = str(node.get("__loader__", ""))
            pairs = [(node.get("__module__"), node.get("__class__"))]
            pairs.append((node.get("module_path"), node.get("function")))
            content = node.get("content")
            if isinstance(content, dict) and isinstance(content.get("func"), str):
                pairs.append((node.get("__module__"), content["func"]))
            found |= {
                (module, name, loader)
                for module, name in pairs
                if isinstance(module, str) and isinstance(name, str)
            }
    return found
