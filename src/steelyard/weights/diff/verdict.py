"""What the whole change is, from the change of every tensor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from steelyard.evidence.predicates.comparison import ModelKind, TensorChange, TensorKind
from steelyard.weights.diff.change import SKETCH
from steelyard.weights.diff.order import Heads, unproved
from steelyard.weights.diff.pair import Pair

MOST = 0.9
"""Share of the changed matrices that a kind must explain to name the whole."""

FEWEST = 2
"""Matrices that make a pattern."""

EVEN = 0.02
"""Standard deviation of a known model's share over tensors, up to which one figure tells it."""

_LOW = ("low-rank", "direction-removed")

SAME_DIRECTION = 0.95
"""Mean cosine with the common direction. Independent directions in d dimensions have 1/√d;
first vectors of an ordinary adapter were measured at 0.44."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The model-level answer."""

    kind: ModelKind
    sentence: str
    reasons: tuple[str, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands beside the tensors that were compared."""

    known: Sequence[str] = ()
    """Names of the known models that the pairs were tried against."""

    files_changed: bool = False
    """Whether any file other than tensors differs."""

    skipped: int = 0
    """Tensors that could not be compared."""

    heads: Heads = field(default_factory=Heads)
    """Of the attention, where the files say."""


def conclude(pairs: Sequence[Pair], others: Sequence[TensorChange], around: Around) -> Whole:
    """Name the whole change.

    Args:
        pairs: every tensor that both models hold in one shape.
        others: tensors added, removed, renamed or resized.
        around: what else is known.
    """
    changed = [pair for pair in pairs if pair.change.kind != "identical"]
    reasons = _counts([pair.change for pair in changed], others, len(pairs))
    structural = [one for one in others if one.kind != "renamed"]
    if not changed and not structural and not around.skipped:
        return _untouched(reasons, files_changed=around.files_changed or bool(others))
    told = _told(pairs, changed, around) if changed else _unmeasured(pairs, structural)
    besides = _besides(told, changed, structural, around)
    incomplete = around.skipped or (structural and told.kind == "permuted-equivalent")
    return replace(
        told,
        kind="mixed" if told.kind in _OF_ALL and incomplete else told.kind,
        sentence=" ".join((told.sentence, *besides)),
        reasons=(*told.reasons, *reasons),
    )


_OF_ALL = {"identical", "files-only", "dtype-change", "quantised", "permuted-equivalent"}
"""Kinds that say of every tensor that nothing happened to it."""

_EXPLAINED: dict[ModelKind, set[TensorKind]] = {
    "dtype-change": {"dtype-change"},
    "quantised": {"dtype-change", "quantised"},
    "permuted-equivalent": {"permuted"},
    "direction-removed": {"direction-removed"},
    "low-rank-update": {"low-rank", "direction-removed"},
    "merge": {"merge"},
    "unrelated": {"unrelated"},
    "fine-tuned": {"tuned", "low-rank", "direction-removed"},
}
"""Kinds of tensor that a kind of whole accounts for."""


def _told(pairs: Sequence[Pair], changed: list[Pair], around: Around) -> Whole:
    return (
        _stored(changed)
        or _permuted(pairs, around.heads)
        or _direction(changed)
        or _merge(changed, around.known)
        or _by_share(pairs, changed)
    )


def _unmeasured(pairs: Sequence[Pair], structural: list[TensorChange]) -> Whole:
    if not pairs and structural:
        words = (
            "The two hold no tensor of one name and shape, so no values were compared: another "
            "architecture, or names that are not known to be the same."
        )
        return Whole(kind="mixed", sentence=words)
    return Whole(kind="mixed", sentence="The tensors that could be compared are identical.")


def _besides(
    told: Whole, changed: list[Pair], structural: list[TensorChange], around: Around
) -> list[str]:
    """What the sentence of `told` leaves out."""
    explained = _EXPLAINED.get(told.kind)
    rest = [p for p in changed if explained is not None and p.change.kind not in explained]
    words = []
    if rest:
        words.append(f"Besides, {_tensors(len(rest))} changed in another way.")
    if structural:
        kinds = Counter(one.kind for one in structural)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        words.append(f"Tensors without a partner: {counts}.")
    if around.skipped:
        words.append(f"Not compared, so nothing is said of it: {_tensors(around.skipped)}.")
    return words


def _untouched(reasons: tuple[str, ...], *, files_changed: bool) -> Whole:
    if files_changed:
        words = "Every tensor is identical; only other files, names or types changed."
        return Whole(kind="files-only", sentence=words, reasons=reasons)
    return Whole(kind="identical", sentence="The two are identical, byte for byte.")


def _tensors(count: int) -> str:
    return f"{count} tensor{'s' * (count != 1)}"


def _counts(
    changed: list[TensorChange], others: Sequence[TensorChange], total: int
) -> tuple[str, ...]:
    kinds = Counter(one.kind for one in [*changed, *others])
    same = f"{total - len(changed)} of {total} tensors that both hold are identical"
    return (same, *(f"{count} {kind}" for kind, count in sorted(kinds.items())))


def _stored(changed: list[Pair]) -> Whole | None:
    kinds = {pair.change.kind for pair in changed}
    if kinds <= {"dtype-change"}:
        types = sorted({pair.change.after.split()[0] for pair in changed})
        words = f"The same weights, stored as {', '.join(types)}; no value moved beyond rounding."
        return Whole(kind="dtype-change", sentence=words)
    if not kinds <= {"dtype-change", "quantised", "quantised-out-of-bounds", "quantised-unbounded"}:
        return None
    types = sorted({p.change.after.split()[0] for p in changed if "quantised" in p.change.kind})
    beyond = [p.change.name for p in changed if p.change.kind == "quantised-out-of-bounds"]
    if beyond:
        words = (
            f"Quantised to {', '.join(types)}, but {len(beyond)} tensors are further from the "
            "original than that explains: something else changed as well."
        )
        return Whole(kind="mixed", sentence=words, reasons=tuple(beyond[:10]))
    if "quantised-unbounded" in kinds:
        words = (
            f"Stored as {', '.join(types)}, of which some have an error that is not known here: "
            "whether nothing else changed cannot be told."
        )
        return Whole(kind="mixed", sentence=words)
    words = f"A quantisation to {', '.join(types)}; every error is within what the format explains."
    return Whole(kind="quantised", sentence=words)


def _permuted(pairs: Sequence[Pair], heads: Heads) -> Whole | None:
    if any(pair.change.kind not in {"identical", "permuted"} for pair in pairs):
        return None
    strays = unproved(pairs, heads)
    if strays:
        words = (
            "Rows or columns were reordered, and not in a way that is shown to compute the same."
        )
        return Whole(kind="mixed", sentence=words, reasons=tuple(strays[:10]))
    words = "Hidden units were reordered consistently: other bytes, the same function."
    return Whole(kind="permuted-equivalent", sentence=words)


def _direction(changed: list[Pair]) -> Whole | None:
    directions = [pair.direction for pair in changed if pair.direction is not None]
    matrices = [pair for pair in changed if "," in pair.change.after]
    width = Counter(len(one) for one in directions).most_common(1)[0][0] if directions else 0
    directions = [one for one in directions if len(one) == width]
    if len(directions) < FEWEST or len(directions) < MOST * len(matrices):
        return None
    stack = np.stack(directions)
    common = np.linalg.svd(stack, full_matrices=False)[2][0]
    agreement = float(np.mean(np.abs(stack @ common)))
    if agreement < SAME_DIRECTION:
        return None
    words = (
        f"One direction was taken out of {len(directions)} matrices (abliteration): usually done "
        "to stop a model from refusing."
    )
    return Whole(
        kind="direction-removed",
        sentence=words,
        reasons=(f"mean cosine with the common direction {agreement:.3f}",),
    )


def _merge(changed: list[Pair], known: Sequence[str]) -> Whole | None:
    matrices = [pair for pair in changed if "," in pair.change.after] or changed
    merged = [pair for pair in matrices if pair.change.kind == "merge"]
    if not merged or len(merged) < MOST * len(matrices):
        return None
    every = np.stack([pair.shares for pair in merged])
    mean, spread = every.mean(axis=0), every.std(axis=0)
    shares = {name: round(float(share), 4) for name, share in zip(known, mean, strict=True)}
    parts = ", ".join(f"{share:.2f} of {name}" for name, share in shares.items())
    words = f"A merge of known models: the change is {parts}"
    words += ", on average: tensors differ." if spread.max() > EVEN else "."
    return Whole(kind="merge", sentence=words, shares=shares)


def _by_share(pairs: Sequence[Pair], changed: list[Pair]) -> Whole:
    matrices = [pair.change for pair in changed if "," in pair.change.after] or [
        pair.change for pair in changed
    ]
    kinds = Counter(one.kind for one in matrices)
    low = kinds["low-rank"] + kinds["direction-removed"]
    if low >= MOST * len(matrices):
        ranks = [max(one.rank, 1) for one in matrices if one.kind in _LOW]
        words = (
            f"A low-rank update of {low} matrices (rank up to {max(ranks)}), as a merged LoRA "
            "adapter leaves."
        )
        return Whole(kind="low-rank-update", sentence=words)
    held = sum("," in pair.change.after for pair in pairs)
    if kinds["unrelated"] >= MOST * max(held, 1):
        words = f"{kinds['unrelated']} of {held} matrices have nothing in common."
        return Whole(kind="unrelated", sentence=words)
    if kinds["tuned"] + low >= MOST * len(matrices):
        far = max(one.relative for one in matrices)
        words = (
            "Changed in full rank and still close, as further training leaves (or an adapter of "
            f"rank over {SKETCH}): by up to {far:.1%} of a tensor's size."
        )
        return Whole(kind="fine-tuned", sentence=words)
    if kinds["scaled"] == len(matrices):
        words = (
            f"{len(matrices)} tensors were multiplied by factors and not otherwise changed; "
            "whether the factors cancel out is not shown."
        )
        return Whole(kind="mixed", sentence=words)
    words = "Several kinds of change at once; none of them explains all tensors."
    return Whole(kind="mixed", sentence=words)
