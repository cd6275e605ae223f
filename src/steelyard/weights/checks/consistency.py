"""What files say of each other: does the tokenizer fit the embedding, the card the licence?"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from steelyard.evidence.value import Finding, Place, Skipped
from steelyard.weights.reader import ModelCheck, Seen, Tensor
from steelyard.weights.readers.ggml import TYPES
from steelyard.weights.rules import Rule

VOCABULARY = Rule(
    id="consistency/vocabulary",
    title="Tokenizer that does not fit the embedding",
    severity="medium",
    what="The tokenizer has tokens that the embedding has no row for, or the configuration "
    "gives another number of rows than the tensor has.",
    why="Such a token reads memory that belongs to something else, or stops the model; or the "
    "tokenizer is another model's.",
    fix="Use the tokenizer that the weights were trained with.",
    references=("CWE-125",),
)
SHAPE = Rule(
    id="consistency/shape",
    title="Configuration that contradicts the tensors",
    severity="medium",
    what="The width or number of layers in the configuration is not the tensors'.",
    why="Layers beyond the number are loaded by nobody, or missing ones are filled with random "
    "values; the configuration may be another model's.",
    fix="Compare both with the original model.",
)
DTYPE = Rule(
    id="consistency/dtype",
    title="Number format that contradicts the claim",
    severity="low",
    what="The tensors' type is not what the configuration or file type says.",
    why="The model was converted after it was described: its figures were measured on other "
    "weights.",
    fix="Ask the publisher which of the two was evaluated.",
)
TEMPLATE = Rule(
    id="consistency/template",
    title="Two different chat templates",
    severity="medium",
    what="A weight file carries another chat template than the repository.",
    why="People read one, programs use the other.",
    fix="Compare the two; use the base model's.",
    references=("Pillar Security (2025), Poisoned GGUF templates",),
)
LICENCE = Rule(
    id="consistency/licence",
    title="Licences that contradict each other",
    severity="medium",
    what="Card, weight file and licence text name different licences, or the card gives "
    "freedoms that the base model's licence does not.",
    why="Nobody can give away more than they were given: who relies on the card may be without "
    "a licence.",
    fix="Follow the strictest, and ask the publisher.",
    references=("https://www.llama.com/llama3/license/", "https://ai.google.dev/gemma/terms"),
)
BASE = Rule(
    id="consistency/base-model",
    title="Different base models named",
    severity="medium",
    what="The card names another base model than the adapter or weight file.",
    why="An adapter on the wrong base is another model than the one described; and the base's "
    "licence may be another.",
    fix="Ask the publisher; compare with `steelyard diff`.",
)

EMBEDDING = re.compile(
    r"(?:^|\.)(?:embed_tokens|wte|word_embeddings|tok_embeddings|token_embd|embed_in)\.weight$"
)
LAYER = re.compile(r"(?:^|\.)(?:layers|h|blk|blocks|layer)\.(\d{1,6})\.")
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}
PERMISSIVE = re.compile(r"^(?:apache-2\.0|mit|bsd-\d-clause\S*|cc0-1\.0|unlicense|cc-by-4\.0|isc)$")
BOUND = re.compile(
    r"(?:^|/)(?:meta-)?llama-?[234](?:[.\-_]|$)|(?:^|/)gemma-?[123]?(?:[.\-_]|$)", re.IGNORECASE
)
NOT_BOUND = re.compile(r"gemma-?4", re.IGNORECASE)
PACKED = re.compile(r"(?:-unsloth)?(?:-bnb)?-(?:[48]bit|gguf|awq|gptq|fp8|int[48])$")
APART = 2.0
"""Ratio of bits a weight, claimed to found, that no mixture of types explains."""

NOMINAL = {name: 8 * size / block for name, block, size in TYPES.values()}


class Consistency(ModelCheck):
    """Facts and tensors of files in one folder, compared."""

    rules = (VOCABULARY, SHAPE, DTYPE, TEMPLATE, LICENCE, BASE)

    def check(self, files: Sequence[Seen]) -> Iterator[Finding | Skipped]:
        """Folder by folder: a repository may hold several models."""
        folders: dict[str, list[Seen]] = {}
        for file in files:
            folders.setdefault(str(PurePosixPath(file.path).parent), []).append(file)
        for _, inside in sorted(folders.items()):
            yield from _embedding(inside)
            yield from _layers(inside)
            yield from _types(inside)
            yield from _templates(inside)
            yield from _claims(inside)


def _facts(files: Sequence[Seen], name: str) -> list[tuple[Seen, str]]:
    return [(file, fact.value) for file in files for _, fact in file.facts if fact.name == name]


def _weights(files: Sequence[Seen]) -> list[Seen]:
    return [file for file in files if file.tensors and file.format in ("gguf", "safetensors")]


def _embedding(files: Sequence[Seen]) -> Iterator[Finding]:
    """Of each weight file, against its own facts, else against the folder's."""
    for file in _weights(files):
        found = next((t for _, t in file.tensors if EMBEDDING.search(t.name)), None)
        if found is None or len(found.shape) != 2 or _is_packed(found):  # noqa: PLR2004 (a matrix)
            continue
        rows, width = found.shape
        sources = [file] if file.format == "gguf" else [f for f in files if not f.tensors]
        place = Place(path=file.path, detail=found.name)
        for other, tokens in _facts(sources, "tokens"):
            if tokens.isdecimal() and int(tokens) > rows:
                message = f"{other.path} has {tokens} tokens, {found.name} {rows} rows"
                yield VOCABULARY.at(place, message)
        for other, size in _facts(sources, "vocab-size"):
            if size.isdecimal() and int(size) != rows:
                message = f"{other.path} says {size} rows, {found.name} has {rows}"
                yield VOCABULARY.at(place, message)
        for other, size in _facts(sources, "embedding-length"):
            if size.isdecimal() and int(size) != width:
                yield SHAPE.at(place, f"{other.path} says width {size}, {found.name} has {width}")


def _is_packed(tensor: Tensor) -> bool:
    """Whether an integer type holds several weights in one element."""
    return tensor.dtype in ("I32", "U32", "U8", "I8", "I64")


def _layers(files: Sequence[Seen]) -> Iterator[Finding]:
    weights = _weights(files)
    whole = [file for file in files if "index.json" in file.path]
    numbers = {
        int(match[1])
        for file in weights
        for _, t in file.tensors
        if (match := LAYER.search(t.name))
    }
    if not numbers or len(weights) > 1 or whole:
        return
    for other, count in _facts([f for f in files if not f.tensors or f in weights], "block-count"):
        present = len(numbers)
        if count.isdecimal() and present < int(count):
            message = f"{other.path} says {count} layers, {weights[0].path} has {present}"
            yield SHAPE.at(Place(path=weights[0].path), message, severity="low")
        elif count.isdecimal() and present > int(count) + 4:
            message = f"{other.path} says {count} layers, {weights[0].path} has {present}"
            yield SHAPE.at(Place(path=weights[0].path), message)


def _types(files: Sequence[Seen]) -> Iterator[Finding]:
    for file in _weights(files):
        sizes: Counter[str] = Counter()
        for _, tensor in file.tensors:
            if len(tensor.shape) > 1:
                sizes[tensor.dtype] += tensor.elements
        if not sizes:
            continue
        main, share = sizes.most_common(1)[0][0], max(sizes.values()) / max(sum(sizes.values()), 1)
        place = Place(path=file.path)
        if file.format == "gguf":
            yield from _quantisation(file, sizes, place)
        elif not _facts(files, "quantisation") and share > 0.9:  # noqa: PLR2004 (nearly all)
            for other, claimed in _facts([f for f in files if not f.tensors], "dtype"):
                expected = FLOATS.get(claimed.removeprefix("torch."))
                if expected and main in FLOATS.values() and main != expected:
                    yield DTYPE.at(place, f"{other.path} says {claimed}, the tensors are {main}")


def _quantisation(file: Seen, sizes: Counter[str], place: Place) -> Iterator[Finding]:
    total = sum(sizes.values())
    bits = sum(NOMINAL.get(name, 0.0) * count for name, count in sizes.items()) / max(total, 1)
    for _, claimed in _facts([file], "quantisation"):
        base = claimed if claimed in NOMINAL else claimed.rsplit("_", 1)[0]
        nominal = NOMINAL.get(base, 0.0)
        if nominal and bits and max(nominal / bits, bits / nominal) > APART:
            message = f"says {claimed} ({nominal:.1f} bits a weight), has {bits:.1f}"
            yield DTYPE.at(place, message)


def _templates(files: Sequence[Seen]) -> Iterator[Finding]:
    named = {"tokenizer.chat_template.jinja", "chat_template.jinja", ""}
    found = [
        (file, fact.value)
        for file in files
        for member, fact in file.facts
        if fact.name == "chat-template-sha256" and member in named
    ]
    inside = [(file, digest) for file, digest in found if file.format == "gguf"]
    beside = {digest for file, digest in found if file.format != "gguf"}
    for file, digest in inside:
        if beside and digest not in beside:
            message = f"the chat template in {file.path} is not the one beside it"
            yield TEMPLATE.at(Place(path=file.path), message)


def _claims(files: Sequence[Seen]) -> Iterator[Finding]:
    licences = [(file, _plain(value)) for file, value in _facts(files, "licence")]
    texts = _facts(files, "licence-text")
    named = {value for _, value in licences if value not in ("other", "unknown", "")}
    for file, title in texts:
        if len(texts) == 1 and named and title not in named and _differs(title, named):
            message = f"{file.path} is the text of {title}, but {', '.join(sorted(named))} is named"
            yield LICENCE.at(Place(path=file.path), message)
    # Two cards in one folder are examples or translations; a card and a weight file are claims.
    if len(named) > 1 and len({file.format for file, _ in licences}) > 1:
        paths = ", ".join(sorted({f"{value} in {file.path}" for file, value in licences}))
        yield LICENCE.at(Place(path=licences[0][0].path), f"different licences: {paths}")
    bases = [(file, value) for file, value in _facts(files, "base-model")]
    for file, base in bases:
        if BOUND.search(base) and not NOT_BOUND.search(base):
            for other, licence in licences:
                if PERMISSIVE.match(licence):
                    message = f"{other.path} says {licence}, but is built on {base}"
                    yield LICENCE.at(Place(path=file.path), message, confidence="likely")
    # A GGUF file names what the original was tuned from, its card the original itself.
    bases = [(file, value) for file, value in bases if file.format != "gguf"]
    if len({_stem(value) for _, value in bases}) > 1:
        shown = ", ".join(sorted({f"{value} in {file.path}" for file, value in bases}))
        yield BASE.at(Place(path=bases[0][0].path), f"different base models: {shown}")


def _plain(licence: str) -> str:
    return licence.strip().lower().replace(" ", "-")


def _differs(title: str, named: set[str]) -> bool:
    """Whether no name is of the family that the text's title is of."""
    family = title.rstrip("0123456789.-")
    return not any(name.startswith(family) or family in name for name in named)


def _stem(base: str) -> str:
    """The model's name without its owner and without how it was packed."""
    name = base.rstrip("/").rsplit("/", 1)[-1].lower()
    return PACKED.sub("", name).removeprefix("meta-")
