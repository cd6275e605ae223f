"""Stored types: from bytes to numbers, and how far storing alone can move a number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard.weights.diff.change import Matrix

EXACT = frozenset({"F64", "F32", "F16", "BF16"})
"""Types that store each value on its own."""

READ_EXACTLY = EXACT - {"F64"}
"""Those among them of which single precision loses nothing."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a block-quantised type spaces its levels."""

    group: int
    """Elements that share a scale."""

    levels: int
    """Steps from 0 to the largest magnitude (symmetric), or from end to end (not)."""

    symmetric: bool


_GRIDS = {
    "Q4_0": Grid(32, 8, symmetric=True),
    "Q5_0": Grid(32, 16, symmetric=True),
    "Q8_0": Grid(32, 127, symmetric=True),
    "Q4_1": Grid(32, 15, symmetric=False),
    "Q5_1": Grid(32, 31, symmetric=False),
    "Q2_K": Grid(16, 3, symmetric=False),
    "Q3_K": Grid(16, 4, symmetric=True),
    "Q4_K": Grid(32, 15, symmetric=False),
    "Q5_K": Grid(32, 31, symmetric=False),
    "Q6_K": Grid(16, 32, symmetric=True),
}
"""From: ggml-org/llama.cpp, ggml/src/ggml-quants.c, `quantize_row_*_ref`."""

ROW_SLACK = 4.0
"""The same for one row, whose own scales may have come out worse than most."""

SUBNORMAL = 2.0**-24
"""Smallest half-precision number: scales are stored as such, and below it they are lost."""

PIECE = 1 << 20
"""Elements looked at at once; whole groups of every grid."""

SLACK = 2.0
"""Times the expected error that a quantisation may have: K types round their scales too,
and importance matrices trade one weight's error for another's."""


def decode(dtype: str, shape: tuple[int, ...], data: bytes) -> Matrix:
    """The values of a tensor, float32, in `shape` (rows first).

    Raises:
        InputError: the type is not known here, or needs the extra `diff`.
    """
    match dtype:
        case "F32":
            flat = np.frombuffer(data, np.float32)
        case "F64" | "F16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL":
            with np.errstate(over="ignore"):
                flat = np.frombuffer(data, _NUMPY[dtype]).astype(np.float32)
        case "BF16":
            bits = np.frombuffer(data, np.uint16).astype(np.uint32)
            bits <<= 16
            flat = bits.view(np.float32)
        case _:
            flat = _dequantise(dtype, data)
    return flat.reshape(shape)


_NUMPY: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("<i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("u1"),
}


def _dequantise(dtype: str, data: bytes) -> Matrix:
    try:
        from gguf import GGMLQuantizationType, quants
    except ImportError as error:
        raise InputError(
            f"{dtype} tensors need the reference decoder: pip install 'steelyard[diff]'"
        ) from error
    if dtype not in GGMLQuantizationType.__members__:
        raise InputError(f"{dtype} is not a tensor type that can be decoded")
    values = quants.dequantize(np.frombuffer(data, np.uint8), GGMLQuantizationType[dtype])
    return np.asarray(values, np.float32)


def rounded(values: Matrix, dtype: str) -> Matrix:
    """`values` as the type would store them, to nearest, ties to even."""
    match dtype:
        case "F16":
            with np.errstate(over="ignore"):
                return values.astype(np.float16).astype(np.float32)
        case "BF16":
            bits = values.view(np.uint32).astype(np.uint64)
            bits += 0x7FFF + ((bits >> 16) & 1)
            return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32)
        case _:
            return values


def spacing(values: Matrix, dtype: str) -> Matrix:
    """Distance from each value to its neighbour in the type, shape of `values`."""
    match dtype:
        case "F16":
            return np.abs(np.spacing(values.astype(np.float16)).astype(np.float32))
        case "BF16":
            return np.abs(np.spacing(values)) * np.float32(1 << 16)
        case _ if dtype in _GRIDS and values.size % _GRIDS[dtype].group == 0:
            steps = np.repeat(_steps(values, _GRIDS[dtype]), _GRIDS[dtype].group)
            return steps.astype(np.float32).reshape(values.shape)
        case _:
            return np.abs(np.spacing(values))


def rounding(values: Matrix, dtype: str) -> float:
    """Energy, summed over all elements, that rounding `values` to the type is expected to have.

    The error of a step is uniform, so its energy is step²/12 an element. Read a piece at a
    time: the steps of all elements at once would be a second tensor.
    """
    flat = values.reshape(-1)
    pieces = (spacing(flat[at : at + PIECE], dtype) for at in range(0, flat.size, PIECE))
    return sum(float(np.vdot(step, step)) for step in pieces) / 12


def explained(before: Matrix, after: Matrix, dtype: str) -> bool | None:
    """Whether quantising `before` to `dtype` explains `after`; None where it cannot be told.

    The expected error of a value is its step / √12 (uniform rounding); the root mean square
    over the tensor may be SLACK times that, and over each row ROW_SLACK times: a single row
    turned round would vanish in the mean of thousands.
    """
    grid = _GRIDS.get(dtype)
    if grid is None or before.size % grid.group:
        return None
    step = _steps(before, grid)
    long = before.shape[-1] if before.shape[-1] % grid.group == 0 else before.size
    rows = step.reshape(-1, long // grid.group).astype(np.float64)
    expected = np.mean(rows**2, axis=1) / 12
    moved = (after - before).reshape(-1, long)
    seen = np.einsum("ij,ij->i", moved, moved, dtype=np.float64) / long
    least = (grid.levels * SUBNORMAL) ** 2
    each = bool(np.all(seen <= ROW_SLACK**2 * expected + least))
    return each and float(seen.mean()) <= SLACK**2 * float(expected.mean()) + least


def _steps(values: Matrix, grid: Grid) -> NDArray[np.floating[Any]]:
    """Distance between the levels of each group, `[groups]`."""
    groups = values.reshape(-1, grid.group)
    if grid.symmetric:
        return np.asarray(np.abs(groups).max(axis=1) / grid.levels)
    # The offset of a block is at most 0: levels span 0 to the largest value as well.
    high, low = np.maximum(groups.max(axis=1), 0), np.minimum(groups.min(axis=1), 0)
    return np.asarray((high - low) / grid.levels)
