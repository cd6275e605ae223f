"""Payloads hidden in the lowest byte or lowest bit of floating-point weights.

A window is 1,024 elements in a row; one in eight is looked at, so a payload of two strides
(16,384 elements) or more always fills one. Two statistics:

* *text*: of the window's lowest bytes (or of the bytes that its lowest bits make, in any of
  eight phases and both bit orders), at least 95 % are printable ASCII, of 20 kinds or more
  (of 10, where at least 768 of the weights are different ones).
  Trained weights give 38 % where the byte is mantissa only, 75 % at most where its top bit
  never changes (bfloat16 of one binade). For independent bytes with p <= 0.75, Chernoff's
  bound P <= exp(-n·KL(0.95 || p)) is 1e-61 for n = 1,024 bytes and 1e-7 for the 128 bytes of
  bits at p = 0.75, 1e-33 at p = 0.38, which is what bits give.
* *structure*: in 32-bit and 64-bit floats, Pearson's chi-square of the lowest bytes against
  uniform is over 4,000 (expected 255, standard deviation 23) with 32 values or more, counting
  each weight once, of 768 different ones or more. Machine code passes 10,000 by its zero bytes
  alone. Pruned, repeated, widened and dequantised weights have fewer different ones.

The false-alarm rate was simulated, not only bounded: see the test (normal, Laplace, Student
and dequantised weights). What cannot be seen: compressed or encrypted payloads, which look
like the bits they replace.

Source: chi-square as in Westfeld and Pfitzmann, Attacks on Steganographic Systems (1999);
the attack: Wang, Liu and Cui, EvilModel (arXiv 2107.08590). Where we differ: windows, and
text, because weights have no pairs of values to compare.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW = 1024
"""Elements."""

STRIDE = 8 * WINDOW
BATCH = 512
"""Windows looked at together, of however many tensors: at most 4 MiB."""

WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
WIDE = 4
"""Bytes an element from which the lowest byte is uniform by nature."""

PRINTABLE = np.zeros(256, np.bool_)
PRINTABLE[32:127] = True
PRINTABLE[[9, 10, 13]] = True
TEXT, KINDS = 0.95, 20
FEW_KINDS = 10
"""Enough where the weights are nearly all different ones: few kinds are then no rounding."""
CHI_SQUARE, VALUES, DIFFERENT = 4000.0, 32, 768
BIT_STEP = 8
"""Of the windows looked at, one in so many is also looked at by bits."""

TAB, TILDE = np.uint8(9), np.uint8(126)

Bytes = NDArray[np.uint8]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A window that weights do not look like."""

    kind: str
    """`text in the lowest bytes`, `text in the lowest bits`, `structure in …`."""

    element: int
    """First element of the window."""

    sample: str
    """What it reads as, for text; else nothing."""


class Search:
    """Looks through many tensors of one width, which come in pieces, for suspicious windows."""

    def __init__(self, width: int) -> None:
        self.found: dict[int, Hidden] = {}
        """Tensor's number → its first suspicious window in the first batch that has one."""

        self._width = width
        self._labels: list[tuple[int, int]] = []
        """(tensor's number, window's number in it)."""

        self._blocks: list[Bytes] = []

    def add(self, tensor: int, first: int, piece: memoryview) -> None:
        """Take a piece of tensor number `tensor` that begins at its window `first`.

        Every piece of a tensor but the last holds whole strides.
        """
        if tensor in self.found:
            return
        size, step = WINDOW * self._width, STRIDE * self._width
        data = np.frombuffer(piece, np.uint8)
        whole = len(data) // step
        blocks = [data[: whole * step].reshape(whole, step)[:, :size].copy()] if whole else []
        if len(data) - whole * step >= size:
            blocks.append(data[None, whole * step : whole * step + size].copy())
        for block in blocks:
            begin, first = first, first + len(block)
            self._labels += [(tensor, at) for at in range(begin, first)]
        self._blocks += blocks
        if len(self._labels) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Judge the windows taken since the last time."""
        if not self._labels:
            return
        windows = np.concatenate(self._blocks).reshape(-1, WINDOW, self._width)
        low = np.ascontiguousarray(windows[:, :, 0])
        numbers = np.array([at for _, at in self._labels])
        bits = np.flatnonzero(numbers % BIT_STEP == 0)
        for kind, rows in _tests(windows, low, bits):
            for row in rows:
                tensor, at = self._labels[row]
                found = Hidden(kind, at * STRIDE, _sample(kind, low[row]))
                self.found.setdefault(tensor, found)
        self._labels, self._blocks = [], []


def _tests(windows: Bytes, low: Bytes, bits: Rows) -> Iterator[tuple[str, Rows]]:
    """(kind, rows that fail) for each statistic over `low`, `[windows, WINDOW]`.

    `bits` are the rows that are looked at by bits too.
    """
    yield "text in the lowest bytes", _text(low, windows)
    if windows.shape[2] >= WIDE:
        yield "structure in the lowest bytes", _structure(windows, low)
    if not len(bits):
        return
    lowest, chosen = low[bits] & 1, windows[bits]
    for phase in range(8):
        length = (WINDOW - phase) // 8 * 8
        for order in ("big", "little"):
            packed = np.packbits(lowest[:, phase : phase + length], axis=1, bitorder=order)
            yield "text in the lowest bits", bits[_text(packed, chosen)]


def _text(rows: Bytes, windows: Bytes) -> Rows:
    # Most rows fail a test that needs no table: printable bytes lie between tab and tilde.
    likely = np.flatnonzero(((rows - TAB) <= TILDE - TAB).mean(axis=1, dtype=np.float32) >= TEXT)
    share = PRINTABLE[rows[likely]].mean(axis=1)
    varied = [row for row in likely[share >= TEXT] if _is_varied(rows[row], windows[row])]
    return np.array(varied, np.intp)


def _is_varied(row: Bytes, window: Bytes) -> bool:
    kinds = len(np.unique(row))
    return kinds >= KINDS or (kinds >= FEW_KINDS and len(np.unique(window, axis=0)) >= DIFFERENT)


def _structure(windows: Bytes, low: Bytes) -> Rows:
    likely = np.flatnonzero(_uneven(low))
    return np.array([row for row in likely if _stays_uneven(windows[row])], np.intp)


def _uneven(low: Bytes) -> NDArray[np.bool_]:
    offsets = (np.arange(len(low)) * 256)[:, None]
    counts = np.bincount((low + offsets).ravel(), minlength=len(low) * 256).reshape(-1, 256)
    expected = low.shape[1] / 256
    chi = ((counts - expected) ** 2).sum(axis=1) / expected
    uneven: NDArray[np.bool_] = (chi > CHI_SQUARE) & ((counts > 0).sum(axis=1) >= VALUES)
    return uneven


def _stays_uneven(window: Bytes) -> bool:
    """Whether the lowest bytes are uneven when each weight is counted once."""
    different = np.unique(window, axis=0)
    return len(different) >= DIFFERENT and bool(_uneven(different[None, :, 0])[0])


def _sample(kind: str, low: Bytes) -> str:
    if not kind.startswith("text in the lowest bytes"):
        return ""
    return low[:48].tobytes().decode("latin-1")
