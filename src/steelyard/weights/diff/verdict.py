"""What the whole change is, from the change of every tensor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from steelyard.evidence.predicates.comparison import ModelKind, TensorChange
from steelyard.weights.diff.pair import MATRIX, Pair

MOST = 0.9
"""Share of the changed matrices that a kind must explain to name the whole."""

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


def conclude(
    pairs: Sequence[Pair],
    others: Sequence[TensorChange],
    known: Sequence[str],
    *,
    files_changed: bool,
) -> Whole:
    """Name the whole change.

    Args:
        pairs: every tensor that both models hold in one shape.
        others: tensors added, removed, renamed or resized.
        known: names of the known models that `pairs` were tried against.
        files_changed: whether any file other than tensors differs.
    """
    changed = [pair for pair in pairs if pair.change.kind != "identical"]
    reasons = _counts([pair.change for pair in changed], others, len(pairs))
    structural = [one for one in others if one.kind != "renamed"]
    if not changed and not structural:
        return _untouched(reasons, files_changed=files_changed or bool(others))
    if not changed:
        words = "Tensors were added, removed or resized; those that both hold are identical."
        return Whole(kind="mixed", sentence=words, reasons=reasons)
    told = (
        _stored(changed)
        or _permuted(changed)
        or _direction(changed)
        or _merge(changed, known)
        or _by_share(changed)
    )
    return Whole(
        kind=told.kind,
        sentence=told.sentence,
        reasons=(*told.reasons, *reasons),
        shares=told.shares,
    )


def _untouched(reasons: tuple[str, ...], *, files_changed: bool) -> Whole:
    if files_changed:
        words = "Every tensor is identical; only other files, names or types changed."
        return Whole(kind="files-only", sentence=words, reasons=reasons)
    return Whole(kind="identical", sentence="The two are identical, byte for byte.")


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
    if not kinds <= {"dtype-change", "quantised", "quantised-out-of-bounds"}:
        return None
    types = sorted({p.change.after.split()[0] for p in changed if "quantised" in p.change.kind})
    beyond = [p.change.name for p in changed if p.change.kind == "quantised-out-of-bounds"]
    if beyond:
        words = (
            f"Quantised to {', '.join(types)}, but {len(beyond)} tensors are further from the "
            "original than that explains: something else changed as well."
        )
        return Whole(kind="mixed", sentence=words, reasons=tuple(beyond[:10]))
    words = f"A quantisation to {', '.join(types)}; every error is within what the format explains."
    return Whole(kind="quantised", sentence=words)


def _permuted(changed: list[Pair]) -> Whole | None:
    if any(pair.change.kind != "permuted" for pair in changed):
        return None
    strays = [word for layer in _layers(changed).values() for word in _strays(layer)]
    if strays:
        words = (
            "Rows or columns were reordered, and not in a way that is shown to compute the same."
        )
        return Whole(kind="mixed", sentence=words, reasons=tuple(strays[:10]))
    words = "Hidden units were reordered consistently: other bytes, the same function."
    return Whole(kind="permuted-equivalent", sentence=words)


def _layers(changed: list[Pair]) -> dict[int, list[Pair]]:
    layers: dict[int, list[Pair]] = {}
    for pair in changed:
        layers.setdefault(pair.change.layer, []).append(pair)
    return layers


_FAMILIES = (
    (("gate", "up_proj", "ffn_up", "fc1", "c_fc", "w1", "w3"), ("down", "fc2", "w2")),
    (("v_proj", "attn_v"), ("o_proj", "attn_output", "out_proj")),
    (("q_proj", "k_proj", "attn_q", "attn_k"), ()),
)
"""Roles whose rows, and roles whose columns, are one set of hidden units."""


def _strays(layer: list[Pair]) -> list[str]:
    """Tensors of one block whose new order no partner shares."""
    told: list[str] = []
    left = {pair.change.name: pair for pair in layer}
    for rows, columns in _FAMILIES:
        orders = set()
        for name, pair in list(left.items()):
            writes = any(word in pair.change.role for word in rows)
            reads = any(word in pair.change.role for word in columns)
            if (writes and pair.order) or (reads and pair.columns):
                orders.add(pair.order or pair.columns)
                del left[name]
        partners = any(word in p.change.role and p.columns for p in layer for word in columns)
        if len(orders) > 1 or (orders and columns and not partners):
            told.append(f"block {layer[0].change.layer}: partners were reordered differently")
    return told + [f"{name}: reordered without a partner" for name in left]


def _direction(changed: list[Pair]) -> Whole | None:
    directions = [pair.direction for pair in changed if pair.direction is not None]
    matrices = [pair for pair in changed if "," in pair.change.after]
    if len(directions) < MATRIX or len(directions) < MOST * len(matrices):
        return None
    width = Counter(len(one) for one in directions).most_common(1)[0][0]
    stack = np.stack([one for one in directions if len(one) == width])
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
    merged = [pair for pair in changed if pair.change.kind == "merge"]
    if not merged or len(merged) < MOST * len(changed):
        return None
    mean = np.mean([pair.shares for pair in merged], axis=0)
    shares = {name: round(float(share), 4) for name, share in zip(known, mean, strict=True)}
    parts = ", ".join(f"{share:.2f} of {name}" for name, share in shares.items())
    words = f"A merge of known models: the change is {parts}."
    return Whole(kind="merge", sentence=words, shares=shares)


def _by_share(changed: list[Pair]) -> Whole:
    matrices = [pair.change for pair in changed if "," in pair.change.after] or [
        pair.change for pair in changed
    ]
    kinds = Counter(one.kind for one in matrices)
    low = kinds["low-rank"] + kinds["direction-removed"]
    if low >= MOST * len(matrices):
        ranks = [max(one.rank, 1) for one in matrices if one.kind != "tuned"]
        words = (
            f"A low-rank update of {low} matrices (rank up to {max(ranks)}), as a merged LoRA "
            "adapter leaves."
        )
        return Whole(kind="low-rank-update", sentence=words)
    if kinds["unrelated"] >= len(matrices) / 2:
        words = f"{kinds['unrelated']} of {len(matrices)} matrices have nothing in common."
        return Whole(kind="unrelated", sentence=words)
    if kinds["tuned"] + low >= MOST * len(matrices):
        far = max(one.relative for one in matrices)
        words = f"Trained further in full: matrices moved by up to {far:.1%} of their size."
        return Whole(kind="fine-tuned", sentence=words)
    words = "Several kinds of change at once; none of them explains all tensors."
    return Whole(kind="mixed", sentence=words)
