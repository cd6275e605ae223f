"""How one tensor changed: how far, and in what way.

Matrices are `[rows, columns]` as stored (out features by in features), float32. Only the two
tensors and a sketch of their difference are in memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]

SKETCH = 64
"""Largest rank looked for. Fine-tuning adapters are rarely wider."""

OVERSAMPLE = 16
"""Extra columns of the sketch: Halko, Martinsson and Tropp 2011, section 4.2, ask for 5 to 10."""

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
    moved = _norm(after - before)
    return Change(
        relative=moved / old if old else float(moved > 0),
        cosine=float(np.vdot(before, after)) / (old * new) if old and new else 0.0,
        unchanged=float(np.mean(before == after)) if before.size else 1.0,
    )


def spectrum(before: Matrix, after: Matrix, step: Matrix | float) -> Spectrum:
    """Rank of `after - before`, judged against the rounding of the stored type.

    Args:
        before: `[rows, columns]`.
        after: the same shape.
        step: distance between neighbouring stored values at each element of `after`.

    Source: randomised range finder, Halko, Martinsson and Tropp 2011, algorithm 4.4 with one
    power iteration; Eckart-Young for the remainder. Rounding error of a step is uniform, so
    its energy is step²/12 an element.
    """
    moved = after - before
    width = min(SKETCH + OVERSAMPLE, *moved.shape)
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(moved @ rng.standard_normal((moved.shape[1], width), dtype=np.float32))[0]
    basis = np.linalg.qr(moved @ (moved.T @ basis))[0]
    left, values, right = np.linalg.svd(basis.T @ moved, full_matrices=False)
    energy = float(np.vdot(moved, moved))
    noise = _energy(step, moved.size) / 12
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
    return float(np.sqrt(np.vdot(values, values)))


def _energy(step: Matrix | float, size: int) -> float:
    if isinstance(step, float):
        return step * step * size
    return float(np.vdot(step, step))
