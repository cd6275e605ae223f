"""What tensors' values say: broken, dead, doubled, or carrying something else."""

from collections.abc import Iterator, Sequence

from steelyard.evidence.value import Finding
from steelyard.weights.reader import Context, Tensor
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.stream import Counted

NOT_FINITE = Rule(
    id="tensor/not-finite",
    title="Values that are not numbers",
    severity="medium",
    what="A tensor (of quantised blocks: their scales) holds NaN or infinity. Infinities in "
    "masks are not counted.",
    why="They spread through every computation that touches them: the model answers nonsense, "
    "always or only when certain tokens occur.",
    fix="Get the file again; if it is the same at its source, tell the publisher.",
)
DEAD = Rule(
    id="tensor/dead",
    title="Matrix of zeros",
    severity="low",
    what="Every value of a weight matrix is zero. Biases, and the second half of an untrained "
    "low-rank adapter, are not counted.",
    why="The layer does nothing: the file is damaged, pruned, or not what it is said to be.",
    fix="Compare with the original model.",
)
DOUBLED = Rule(
    id="tensor/duplicate",
    title="Layers that are copies",
    severity="low",
    what="Matrices of different layers hold the same bytes.",
    why="The model was stretched by repeating layers; it has fewer trained parameters than it "
    "shows.",
    fix="Ask the publisher how it was made, if the card does not say.",
)
HIDDEN = Rule(
    id="tensor/low-bits",
    title="Something hidden in the weights",
    severity="high",
    effect="review",
    what="The lowest bytes or bits of a float tensor form text, or have the structure of data "
    "or machine code, over 1,024 elements in a row.",
    why="A loader beside the model can put a program together from them; the model itself "
    "works as before.",
    fix="Convert the weights to 16 bits, which destroys it; find out who wrote the file.",
    references=("arXiv:2107.08590 (EvilModel)", "arXiv:2403.03593 (MaleficNet 2.0)"),
)
RULES = (NOT_FINITE, DEAD, DOUBLED, HIDDEN)

LEAST_DOUBLED = 4096
"""Elements from which equal bytes are no accident of initialisation."""

MOST_SHOWN = 8

Tensors = Sequence[tuple[Tensor, Counted]]


def judge(counted: Tensors, source: Source, context: Context) -> Iterator[Finding]:
    """Findings over one file's tensors, whose byte ranges count from the file's start."""
    yield from _each(counted, context)
    yield from _doubled(counted, source, context)
    shown = 0
    for tensor, figures in counted:
        found = figures.hidden
        if found and shown < MOST_SHOWN:
            shown += 1
            sample = f": {found.sample!r}" if found.sample else ""
            message = f"{tensor.name!r} has {found.kind} from element {found.element}{sample}"
            place = context.place(tensor.start, tensor.end, tensor.name)
            yield HIDDEN.at(place, message, confidence="likely")


def _each(counted: Tensors, context: Context) -> Iterator[Finding]:
    broken: list[str] = []
    dead: list[str] = []
    for tensor, told in counted:
        figures = told.statistics
        if figures is None:
            continue
        name = tensor.name
        masked = "mask" in name.lower() or name.endswith(("attn.bias", "attention.bias"))
        if figures.nan or (figures.infinite and not masked):
            broken.append(f"{name} ({figures.nan} NaN, {figures.infinite} infinite)")
        whole = tensor.elements <= 8 * (tensor.end - tensor.start)  # else a reader has said so
        matrix = whole and len(tensor.shape) > 1 and min(tensor.shape) > 1
        if figures.dead and matrix and "lora_" not in name.lower() and not masked:
            dead.append(name)
    for rule, names in ((NOT_FINITE, broken), (DEAD, dead)):
        if names:
            more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
            message = f"{', '.join(names[:MOST_SHOWN])}{more}"
            yield rule.at(context.place(detail=names[0]), message)


def _doubled(counted: Tensors, source: Source, context: Context) -> Iterator[Finding]:
    """Equal figures first, equal bytes then."""
    groups: dict[object, list[Tensor]] = {}
    for tensor, told in counted:
        figures = told.statistics
        matrix = len(tensor.shape) > 1 and tensor.elements >= LEAST_DOUBLED
        if figures and matrix and figures.low < figures.high:
            key = (tensor.dtype, tensor.shape, figures)
            groups.setdefault(key, []).append(tensor)
    pairs = [
        (first, other)
        for first, *others in groups.values()
        for other in others
        if not _tied(first.name, other.name) and _same(source, first, other)
    ]
    if pairs:
        first, other = pairs[0]
        message = f"{len(pairs)} pairs, the first: {first.name} and {other.name}"
        yield DOUBLED.at(context.place(detail=first.name), message)


def _tied(first: str, second: str) -> bool:
    """Input and output embeddings, encoder and decoder ones: shared on purpose."""
    words = ("embed", "lm_head", "output.weight", "shared", "wte", "token_embd", "decoder.weight")
    return all(any(word in name for word in words) for name in (first, second))


def _same(source: Source, first: Tensor, other: Tensor) -> bool:
    if first.end - first.start != other.end - other.start or first.start == other.start:
        return False
    pairs = zip(
        source.chunks(first.start, first.end), source.chunks(other.start, other.end), strict=False
    )
    return all(left == right for left, right in pairs)
