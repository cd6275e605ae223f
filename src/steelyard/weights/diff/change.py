"""How one tensor changed: how far, and in what way.

Matrices are `[rows, columns]` as stored (out features by in features), float32. Only the two
tensors and a sketch of their difference are in memory.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]

SKETCH = 64
"""Largest rank looked for. Fine-tuning adapters are rarely wider."""

OVERSAMPLE = 16
"""Extra columns of the sketch: Halko, Martinsson and Tropp 2011, section 4.2, ask for 5 to 10."""

MATRIX = 2
"""Dimensions."""

FACTORS = 8
"""Elements that must agree on a factor before it is one."""

NOISE = 4.0
"""Times the expected rounding energy that a remainder may have and still be rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """The change of one matrix, seen through its largest singular values."""

    values: Vector
    """Singular values, largest first, `[k]`."""

    left: Vector
    """First left singular vector, `[rows]`, unit length."""

    right: Vector
    """First right singular vector, `[columns]`, unit length."""

    rank: int
    """Smallest rank that leaves nothing but rounding; 0 where no rank up to SKETCH does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One tensor's change in numbers."""

    relative: float
    """||after - before|| / ||before||, Frobenius; 0 for two zero tensors."""

    cosine: float
    """Between the two tensors as vectors, -1 to 1; 0 where either is zero."""

    unchanged: float
    """Fraction of equal elements, 0 to 1."""


def measure(before: Matrix, after: Matrix) -> Change:
    """Distance, angle and share of equal elements of two tensors of one shape."""
    old, new = _norm(before), _norm(after)
    with np.errstate(over="ignore"):
        moved = _norm(after - before)
    if not math.isfinite(moved):  # two single-precision numbers may be further apart than the type
        moved = float(np.linalg.norm(after.astype(np.float64) - before))
    return Change(
        relative=moved / old if old else float(moved > 0),
        cosine=_inner(before, after) / (old * new) if old and new else 0.0,
        unchanged=float(np.mean(before == after)) if before.size else 1.0,
    )


def finite(before: Matrix, after: Matrix) -> Change:
    """As `measure`, of the elements that are finite in both tensors."""
    kept = np.isfinite(before) & np.isfinite(after)
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    numbers = measure(np.where(kept, before, 0), np.where(kept, after, 0))
    return replace(numbers, unchanged=float(np.mean(same)))


def scaling(before: Matrix, after: Matrix, noise: float) -> tuple[str, Vector] | None:
    """The factors that alone explain a change, to rounding: of the whole, the rows, the columns.

    Args:
        before: any shape; rows and columns are looked at in matrices only.
        after: the same shape.
        noise: as in `spectrum`.

    Returns:
        What is multiplied (`values`, `rows`, `columns`) and by what; None if nothing is.
    """
    moved = after - before
    energy = _inner(moved, moved)
    floor = max(NOISE * noise, 1e-6 * energy)
    del moved
    if energy <= floor or min(before.shape) < FACTORS:
        return None
    matrix = before.ndim == MATRIX
    sums = {"values": "ij,ij->", "rows": "ij,ij->i", "columns": "ij,ij->j"}
    old, new = (each if matrix else each.reshape(1, -1) for each in (before, after))
    for what, over in sums.items() if matrix else [("values", sums["values"])]:
        squares, products, whole = (
            np.atleast_1d(np.einsum(over, one, other, dtype=np.float64))
            for one, other in ((old, old), (old, new), (new, new))
        )
        factors = np.divide(products, squares, out=np.ones_like(squares), where=squares > 0)
        if float(np.sum(whole - factors * products)) <= floor:
            return what, factors.astype(np.float32)
    return None


def spectrum(before: Matrix, after: Matrix, noise: float) -> Spectrum:
    """Rank of `after - before`, judged against the rounding of the stored type.

    Args:
        before: `[rows, columns]`.
        after: the same shape.
        noise: energy that rounding `after` to its stored type is expected to have.

    Source: randomised range finder, Halko, Martinsson and Tropp 2011, algorithm 4.4 with one
    power iteration; Eckart-Young for the remainder.
    """
    moved = after - before
    width = min(SKETCH + OVERSAMPLE, *moved.shape)
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(moved @ rng.standard_normal((moved.shape[1], width), dtype=np.float32))[0]
    basis = np.linalg.qr(moved @ (moved.T @ basis))[0]
    left, values, right = np.linalg.svd(basis.T @ moved, full_matrices=False)
    energy = _inner(moved, moved)
    remainder = energy - np.concatenate([[0.0], np.cumsum(values.astype(np.float64) ** 2)])
    floor = max(NOISE * noise, 1e-6 * energy)
    below = np.flatnonzero(remainder[: SKETCH + 1] <= floor)
    rank = int(below[0]) if len(below) and energy > 0 else 0
    if rank > min(moved.shape) // 4:  # a small matrix is always of "low" rank
        rank = 0
    return Spectrum(values=values, left=basis @ left[:, 0], right=right[0], rank=rank)


def permutation(before: Matrix, after: Matrix) -> NDArray[np.int64] | None:
    """The order in which `after` holds the rows of `before`; None where it does not.

    `after == before[order]`, exactly. Repeated rows are taken in turn.
    """
    # Sums of the bits are cheap and decide nearly always: equal rows have equal ones.
    old, new = (
        np.sort(each.view(np.uint32).sum(axis=1, dtype=np.uint64)) for each in (before, after)
    )
    if not np.array_equal(old, new):
        return None
    where: dict[bytes, list[int]] = {}
    for index in range(len(before) - 1, -1, -1):
        where.setdefault(before[index].tobytes(), []).append(index)
    order = np.empty(len(after), np.int64)
    for index, row in enumerate(after):
        found = where.get(row.tobytes())
        if not found:
            return None
        order[index] = found.pop()
    return order


def mixture(moved: Matrix, known: list[Matrix]) -> tuple[Vector, float]:
    """Weights that best explain a change by known changes, and the share left unexplained.

    Args:
        moved: the change, any shape.
        known: changes of known models from the same base, each of that shape.

    Returns:
        Least-squares weights `[len(known)]`, and ||remainder|| / ||moved||, 0 to 1.
    """
    flat = np.stack([one.ravel() for one in known])
    weights = np.linalg.lstsq(flat @ flat.T, flat @ moved.ravel(), rcond=None)[0]
    left = _norm(moved.ravel() - weights @ flat)
    whole = _norm(moved)
    return weights.astype(np.float32), left / whole if whole else 0.0


def _norm(values: Matrix) -> float:
    return float(np.sqrt(_inner(values, values)))


def _inner(one: Matrix, other: Matrix) -> float:
    """Inner product; in double precision where single precision is too narrow for it."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        product = float(np.vdot(one, other))
    if math.isfinite(product) and product != 0:
        return product
    return float(np.einsum("i,i->", one.ravel(), other.ravel(), dtype=np.float64))
