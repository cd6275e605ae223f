"""One tensor of two models, compared and named."""

import math
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from steelyard.evidence.predicates.comparison import TensorChange, TensorKind
from steelyard.weights.diff.change import (
    MATRIX,
    Change,
    Matrix,
    Spectrum,
    Vector,
    finite,
    measure,
    mixture,
    permutation,
    scaling,
    spectrum,
)
from steelyard.weights.diff.names import Name
from steelyard.weights.diff.stored import EXACT, READ_EXACTLY, explained, rounded, rounding

STACK = 3
"""Dimensions of experts stacked in one tensor: each is a matrix of its own."""

UNRELATED = 0.1
"""Cosine below which two matrices are no closer than independent ones. The cosine of two
independent matrices of n elements has standard deviation 1/√n, under 0.01 from 10,000 on."""

HUGE = 1e18
"""Magnitude whose square single precision cannot hold."""

ALIGNED = 0.98
"""Cosine from which two directions count as the same."""

MERGE_LEFT = 0.1
"""Share of a change that known models may leave unexplained in a merge, over rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A tensor with its values."""

    name: Name
    dtype: str
    values: Matrix
    """In its stored shape, rows first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What comparing one tensor gave: the public part, and what the whole needs."""

    change: TensorChange
    direction: Vector | None = None
    """Unit vector removed from this tensor's output (or input) side."""

    order: tuple[int, ...] = ()
    """Row order, where rows were permuted: `after == before[order]`."""

    columns: tuple[int, ...] = ()
    """Column order, where columns were permuted."""

    shares: Vector = field(default_factory=lambda: np.zeros(0, np.float32))


def compare(before: Stored, after: Stored, known: list[Matrix]) -> Pair:
    """Name the change from `before` to `after`, whose shapes are equal.

    Args:
        before: the older tensor.
        after: the newer one.
        known: the same tensor of known models, for the question whether this is a merge.
    """
    told = _unmoved(before, after)
    if told is not None:
        return told
    numbers = measure(before.values, after.values)
    if before.dtype != after.dtype:
        told = _stored_differently(before, after, numbers)
        if told is not None:
            return told
    told = (
        _permuted(before, after, numbers)
        or _merged(before, after, numbers, known)
        or _scaled(before, after, numbers)
    )
    if told is not None:
        return told
    if before.values.ndim == STACK:
        return _stacked(before, after, numbers)
    if before.values.ndim != MATRIX:
        return _pair(before, after, "tuned", numbers)
    return _ranked(before, after, numbers)


def _unmoved(before: Stored, after: Stored) -> Pair | None:
    """The pair, if no number changed, or none can be measured."""
    same_type = before.dtype == after.dtype
    if same_type and before.dtype in READ_EXACTLY and _equal(before, after):
        return _pair(before, after, "identical", Change(relative=0, cosine=1, unchanged=1))
    bad = sum(_unmeasurable(each.values) for each in (before, after))
    if bad:
        numbers = finite(before.values, after.values)
        return _pair(
            before,
            after,
            "non-finite",
            numbers,
            f"{bad} values are NaN, infinite or too large to measure",
        )
    if not np.array_equal(before.values, after.values):
        return None
    numbers = measure(before.values, after.values)
    if not same_type:
        return _pair(before, after, "dtype-change", numbers)
    words = "other bytes, the same numbers to single precision"
    return _pair(before, after, "same-values", numbers, words)


def _unmeasurable(values: Matrix) -> int:
    if not values.size or -HUGE < values.min() <= values.max() < HUGE:  # false for any NaN
        return 0
    return int(np.count_nonzero(~(abs(values) < HUGE)))


def _equal(before: Stored, after: Stored) -> bool:
    """Bit for bit: zeros of two signs are equal numbers, and a place to hide data."""
    one, other = (np.ascontiguousarray(each.values) for each in (before, after))
    return np.array_equal(one.view(np.uint32), other.view(np.uint32))


def _stored_differently(before: Stored, after: Stored, numbers: Change) -> Pair | None:
    if after.dtype in EXACT:
        if np.array_equal(rounded(before.values, after.dtype), after.values):
            return _pair(before, after, "dtype-change", numbers, "rounded to nearest")
        return None
    fits = explained(before.values, after.values, after.dtype)
    if fits is None:
        words = f"the error of {after.dtype} is not known here"
        return _pair(before, after, "quantised-unbounded", numbers, words)
    kind: TensorKind = "quantised" if fits else "quantised-out-of-bounds"
    detail = "" if fits else f"further from the original than {after.dtype} explains"
    return _pair(before, after, kind, numbers, detail)


def _permuted(before: Stored, after: Stored, numbers: Change) -> Pair | None:
    if before.dtype != after.dtype:
        return None
    old, new = (values.reshape(len(values), -1) for values in (before.values, after.values))
    order = permutation(old, new)
    if order is not None:
        words = "rows in another order, otherwise the same"
        pair = _pair(before, after, "permuted", numbers, words)
        return replace(pair, order=tuple(order.tolist()))
    columns = permutation(old.T, new.T)
    if columns is not None:
        words = "columns in another order, otherwise the same"
        pair = _pair(before, after, "permuted", numbers, words)
        return replace(pair, columns=tuple(columns.tolist()))
    return None


def _merged(before: Stored, after: Stored, numbers: Change, known: list[Matrix]) -> Pair | None:
    if not known:
        return None
    shares, left = mixture(after.values - before.values, [one - before.values for one in known])
    noise = math.sqrt(rounding(after.values, after.dtype))
    moved = numbers.relative * float(np.linalg.norm(before.values))
    if left > max(MERGE_LEFT, 2 * noise / moved):
        return None
    pair = _pair(before, after, "merge", numbers, f"{left:.1%} of the change left over")
    return replace(pair, shares=shares)


def _scaled(before: Stored, after: Stored, numbers: Change) -> Pair | None:
    found = scaling(before.values, after.values, rounding(after.values, after.dtype))
    if found is None:
        return None
    what, factors = found
    low, high = float(factors.min()), float(factors.max())
    by = f"{low:.4g}" if what == "values" else f"{low:.4g} to {high:.4g}"
    return _pair(before, after, "scaled", numbers, f"{what} multiplied by {by}")


def _stacked(before: Stored, after: Stored, numbers: Change) -> Pair:
    """Experts stacked in one tensor: named by the kind that all those changed share."""
    changed = [
        _ranked(
            replace(before, values=before.values[at]),
            replace(after, values=after.values[at]),
            measure(before.values[at], after.values[at]),
        )
        for at in range(len(before.values))
        if not np.array_equal(before.values[at], after.values[at])
    ]
    kinds = {pair.change.kind for pair in changed}
    if kinds == {"low-rank", "direction-removed"}:
        kinds = {"low-rank"}
    kind: TensorKind = kinds.pop() if len(kinds) == 1 else "tuned"
    rank = max(max(pair.change.rank, 1) for pair in changed) if kind == "low-rank" else 0
    words = f"{len(changed)} of {len(before.values)} stacked matrices changed"
    words += f", by rank {rank} at most" if rank else ""
    change = _pair(before, after, kind, numbers, words).change
    directions = [pair.direction for pair in changed if pair.direction is not None]
    return Pair(
        change=msgspec.structs.replace(change, rank=rank),
        direction=_common(directions) if kind == "direction-removed" else None,
    )


def _common(directions: list[Vector]) -> Vector:
    """The direction that unit vectors share, signs apart; shorter the less they agree."""
    if len({len(one) for one in directions}) > 1:
        return np.zeros_like(directions[0])
    stack = np.stack(directions)
    common: Vector = np.linalg.svd(stack, full_matrices=False)[2][0]
    return common * np.float32(np.mean(np.abs(stack @ common)))


def _ranked(before: Stored, after: Stored, numbers: Change) -> Pair:
    if numbers.cosine < UNRELATED:
        return _pair(before, after, "unrelated", numbers)
    found = spectrum(before.values, after.values, rounding(after.values, after.dtype))
    if found.rank == 1:
        direction = _removed(before.values, found)
        if direction is not None:
            return replace(_pair(before, after, "direction-removed", numbers), direction=direction)
    if not found.rank:
        return _pair(before, after, "tuned", numbers)
    words = f"rank {found.rank}"
    change = _pair(before, after, "low-rank", numbers, words).change
    return Pair(change=msgspec.structs.replace(change, rank=found.rank))


def _removed(before: Matrix, found: Spectrum) -> Vector | None:
    """The direction u, if the change is -s · u uᵀ W (output side) or -s · W v vᵀ (input).

    Source: Arditi et al. 2024, arXiv:2406.11717, equation 5 (weight orthogonalisation).
    An ordinary rank-one update has an unrelated right vector.
    """
    written = found.left @ before
    if _cosine(written, found.right) >= ALIGNED:
        return found.left
    read = before @ found.right
    if _cosine(read, found.left) >= ALIGNED:
        return found.right
    return None


def _cosine(one: Vector, other: Vector) -> float:
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(one @ other)) / norms if norms else 0.0


def _pair(
    before: Stored,
    after: Stored,
    kind: TensorKind,
    numbers: Change,
    detail: str = "",
) -> Pair:
    return Pair(
        change=TensorChange(
            name=after.name.full,
            kind=kind,
            before=described(before.dtype, before.values.shape),
            after=described(after.dtype, after.values.shape),
            relative=numbers.relative,
            unchanged=numbers.unchanged,
            layer=after.name.layer,
            role=after.name.role,
            detail=detail,
        )
    )


def described(dtype: str, shape: tuple[int, ...]) -> str:
    """Type and shape for a reader: `BF16 [576, 1536]`."""
    return f"{dtype} [{', '.join(map(str, shape))}]"
