"""Figures of one tensor, from its bytes, in constant memory and one pass.

16-bit and 8-bit types are counted by bit pattern (65,536 or 256 bins): one `bincount` a
chunk is faster than converting to float, and every figure below is then exact, however
large the tensor. 32-bit and 64-bit floats are summed chunk by chunk. Block-quantised types
are judged by their scales, which is where a NaN can hide.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FEW = 8192
"""Elements below which sorting the patterns is cheaper than a table of all of them."""

Counts = NDArray[np.int64]
Buffer = memoryview | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a tensor's values look like. For a block-quantised type: its scales."""

    elements: int
    """Values counted; scales, for a block-quantised type."""

    zeros: int
    nan: int
    infinite: int
    low: float
    high: float
    """Smallest and largest finite value; 0 where there is none."""

    mean: float
    deviation: float
    """Mean and standard deviation (population) of the finite values; 0 where there is none."""

    @property
    def dead(self) -> bool:
        """Whether every value is zero."""
        return self.elements > 0 and self.zeros == self.elements


class Accumulator(Protocol):
    """Takes a tensor's bytes in order, in chunks of whole elements."""

    def add(self, data: Buffer) -> None:
        """Count one chunk."""

    def result(self) -> Statistics:
        """The figures of everything added."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a type's bytes are cut into units that must not be split between chunks."""

    unit: int
    """Bytes."""

    start: Callable[[], Accumulator]


def layout(dtype: str) -> Layout | None:
    """The layout of `dtype` (safetensors or ggml name); None when it is not known."""
    name = dtype.upper()
    if name in _SCALES:
        size, offsets = _SCALES[name]
        return Layout(size, lambda: _Scales(size, offsets))
    return _PLAIN.get(name)


class _Patterns:
    """8-bit and 16-bit types: a histogram of bit patterns holds everything."""

    def __init__(self, kind: type[np.unsignedinteger], values: NDArray[np.float64]) -> None:
        self._kind = kind
        self._values = values
        self._few: list[NDArray[np.unsignedinteger]] = []
        self._counts: Counts | None = None

    def add(self, data: Buffer) -> None:
        patterns = np.frombuffer(data, self._kind)
        if self._counts is None and sum(map(len, self._few)) + len(patterns) < FEW:
            self._few.append(patterns.copy())  # the caller uses the buffer again
            return
        if self._counts is None:
            self._counts = np.zeros(len(self._values), np.int64)
        for part in (*self._few, patterns):
            self._counts += np.bincount(part, minlength=len(self._values))
        self._few = []

    def result(self) -> Statistics:
        if self._counts is None:
            seen, counts = np.unique(np.concatenate(self._few), return_counts=True)
        else:
            seen = np.flatnonzero(self._counts)  # few of the patterns occur
            counts = self._counts[seen]
        values = self._values[seen]
        finite = np.isfinite(values)
        weight, point = counts[finite].astype(np.float64), values[finite]
        total = float(weight.sum())
        mean = float((weight * point).sum()) / total if total else 0.0
        spread = float((weight * (point - mean) ** 2).sum()) / total if total else 0.0
        return Statistics(
            elements=int(counts.sum()),
            zeros=int(counts[values == 0].sum()),
            nan=int(counts[np.isnan(values)].sum()),
            infinite=int(counts[np.isinf(values)].sum()),
            low=float(point.min()) if total else 0.0,
            high=float(point.max()) if total else 0.0,
            mean=mean,
            deviation=math.sqrt(spread),
        )


class _Floats:
    """32-bit and 64-bit floats: sums a chunk, with a slow path where one is not finite."""

    def __init__(self, kind: type[np.floating]) -> None:
        self._kind = kind
        self._elements = self._zeros = self._nan = self._infinite = 0
        self._sum = self._squares = 0.0
        self._low, self._high = math.inf, -math.inf

    def add(self, data: Buffer) -> None:
        values = np.frombuffer(data, self._kind)
        self._elements += len(values)
        self._zeros += len(values) - int(np.count_nonzero(values))
        with np.errstate(over="ignore", invalid="ignore"):
            squares = _squares(values)
        if not math.isfinite(squares):
            self._nan += int(np.isnan(values).sum())
            self._infinite += int(np.isinf(values).sum())
            values = values[np.isfinite(values)].astype(np.float64)
            with np.errstate(over="ignore"):
                squares = _squares(values)
        if len(values):
            self._sum += float(values.sum())
            self._squares += squares
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))

    def result(self) -> Statistics:
        finite = self._elements - self._nan - self._infinite
        mean = self._sum / finite if finite else 0.0
        spread = max(self._squares / finite - mean * mean, 0.0) if finite else 0.0
        return Statistics(
            elements=self._elements,
            zeros=self._zeros,
            nan=self._nan,
            infinite=self._infinite,
            low=self._low if finite else 0.0,
            high=self._high if finite else 0.0,
            mean=mean,
            deviation=math.sqrt(spread) if math.isfinite(spread) else 0.0,
        )


def _squares(values: NDArray[np.floating]) -> float:
    """Sum of squares, not by BLAS: its threads spin, and made a pass on two busy cores crawl."""
    return float(np.einsum("i,i->", values, values))


class _Integers:
    """32-bit and 64-bit integers."""

    def __init__(self, kind: type[np.integer]) -> None:
        self._floats = _Floats(np.float64)
        self._kind = kind

    def add(self, data: Buffer) -> None:
        self._floats.add(np.frombuffer(data, self._kind).astype(np.float64).tobytes())

    def result(self) -> Statistics:
        return self._floats.result()


class _Scales:
    """Block-quantised types: the half-precision scales of every block."""

    def __init__(self, size: int, offsets: tuple[int, ...]) -> None:
        self._size, self._offsets = size, offsets
        self._halves = _Patterns(np.uint16, _HALF)

    def add(self, data: Buffer) -> None:
        blocks = np.frombuffer(data, np.uint8).reshape(-1, self._size)
        for offset in self._offsets:
            self._halves.add(np.ascontiguousarray(blocks[:, offset : offset + 2]).tobytes())

    def result(self) -> Statistics:
        return self._halves.result()


@cache
def _brain() -> NDArray[np.float64]:
    patterns = np.arange(1 << 16, dtype=np.uint32) << 16
    with np.errstate(invalid="ignore"):
        return patterns.view(np.float32).astype(np.float64)


@cache
def _eighth(exponent: int, mantissa: int, bias: int) -> NDArray[np.float64]:
    """Values of an 8-bit float, OCP 8-bit floating point specification 1.0, section 5."""
    patterns = np.arange(256)
    sign = np.where(patterns & 0x80, -1.0, 1.0)
    power = (patterns >> mantissa) & ((1 << exponent) - 1)
    part = (patterns & ((1 << mantissa) - 1)) / (1 << mantissa)
    values = np.where(power > 0, (1 + part) * 2.0 ** (power - bias), part * 2.0 ** (1 - bias))
    if exponent == 4:  # noqa: PLR2004 (E4M3 has no infinities, one NaN pattern a sign)
        values = np.where((patterns & 0x7F) == 0x7F, np.nan, values)  # noqa: PLR2004
    else:
        top = power == (1 << exponent) - 1
        values = np.where(top, np.where(part > 0, np.nan, np.inf), values)
    return np.asarray(sign * values, np.float64)


_HALF = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
_BYTE = np.arange(256, dtype=np.uint8)

_PLAIN: dict[str, Layout] = {
    "F64": Layout(8, lambda: _Floats(np.float64)),
    "F32": Layout(4, lambda: _Floats(np.float32)),
    "F16": Layout(2, lambda: _Patterns(np.uint16, _HALF)),
    "BF16": Layout(2, lambda: _Patterns(np.uint16, _brain())),
    "F8_E4M3": Layout(1, lambda: _Patterns(np.uint8, _eighth(4, 3, 7))),
    "F8_E5M2": Layout(1, lambda: _Patterns(np.uint8, _eighth(5, 2, 15))),
    "I64": Layout(8, lambda: _Integers(np.int64)),
    "U64": Layout(8, lambda: _Integers(np.uint64)),
    "I32": Layout(4, lambda: _Integers(np.int32)),
    "U32": Layout(4, lambda: _Integers(np.uint32)),
    "I16": Layout(2, lambda: _Integers(np.int16)),
    "U16": Layout(2, lambda: _Integers(np.uint16)),
    "I8": Layout(1, lambda: _Patterns(np.uint8, _BYTE.view(np.int8).astype(np.float64))),
    "U8": Layout(1, lambda: _Patterns(np.uint8, _BYTE.astype(np.float64))),
    "BOOL": Layout(1, lambda: _Patterns(np.uint8, _BYTE.astype(np.float64))),
}

_SCALES: dict[str, tuple[int, tuple[int, ...]]] = {
    "Q4_0": (18, (0,)),
    "Q4_1": (20, (0, 2)),
    "Q5_0": (22, (0,)),
    "Q5_1": (24, (0, 2)),
    "Q8_0": (34, (0,)),
    "Q2_K": (84, (80, 82)),
    "Q3_K": (110, (108,)),
    "Q4_K": (144, (0, 2)),
    "Q5_K": (176, (0, 2)),
    "Q6_K": (210, (208,)),
}
"""ggml type → bytes a block, offsets of its half-precision scales.

From: ggml-org/llama.cpp, ggml/src/ggml-common.h, `block_q4_0` to `block_q6_K`.
"""
