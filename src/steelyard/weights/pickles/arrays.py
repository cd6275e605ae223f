"""Raw arrays between the opcodes: how joblib dumps NumPy arrays.

joblib's own unpickler reads an array from the file each time BUILD has finished a
`NumpyArrayWrapper`; the opcodes go on after it.

From: joblib 1.6 `joblib/numpy_pickle.py`, `NumpyArrayWrapper.read_array`.
"""

import re
from typing import TYPE_CHECKING, Any

from steelyard.weights.pickles.cursor import BrokenStreamError, Cursor
from steelyard.weights.pickles.values import Bag, Global, Made

if TYPE_CHECKING:
    from steelyard.weights.pickles.objects import Objects

WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
ALIGNMENT = 16
"""Bytes; joblib never pads by more."""

_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8}
_SIZES |= {"e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "M": 8, "m": 8, "c": 1}
_ELEMENT_SIZE = 5
"""Place of the size in the state of a dtype: `(3, order, sub, names, fields, size, …)`."""


def is_wrapper(value: Any) -> bool:
    """Whether an array follows in the file."""
    return isinstance(value, Made) and value.name == WRAPPER


def follow(wrapper: Made, cursor: Cursor, judge: "Objects") -> Made:
    """Pass over the array behind `wrapper` and give what stands for it.

    Raises:
        BrokenStreamError: its size cannot be told, or the file is shorter.
    """
    if cursor.framed:
        # joblib reads the array from the file, which stands at the end of the frame.
        if cursor.tell() != cursor.frame_end:
            judge.note("pickle/frame-disagreement", "a frame goes on where an array begins")
            cursor.seek(cursor.frame_end)
        cursor.leave_frame()
    state = wrapper.state.mapping() if isinstance(wrapper.state, Bag) else {}
    dtype = state.get("dtype")
    array = Made("numpy.ndarray")
    if _holds_objects(dtype):
        cursor.seek(judge.nested.one(cursor.source, cursor.tell(), judge.report))
        return array
    size = _element_size(dtype)
    shape = state.get("shape")
    if size is None or not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape):
        raise BrokenStreamError(f"the size of the array at byte {cursor.tell()} cannot be told")
    if state.get("numpy_array_alignment_bytes") is not None:
        padding = cursor.number(1)
        if padding > ALIGNMENT:
            # pickle.load would run the padding; joblib passes over it.
            judge.note("pickle/reader-disagreement", f"an array is padded by {padding} bytes")
        cursor.skip(padding)
    for length in shape:
        size *= length
    if size < 0:
        raise BrokenStreamError(f"the array at byte {cursor.tell()} has a negative length")
    cursor.skip(size)
    return array


def _holds_objects(dtype: Any) -> bool:
    """Whether elements are pickled objects."""
    if not isinstance(dtype, Made):
        return False
    if dtype.args and isinstance(dtype.args[0], str) and dtype.args[0].lstrip("<>=|")[:1] == "O":
        return True
    fields = dtype.state[4] if isinstance(dtype.state, tuple) and len(dtype.state) > 4 else None  # noqa: PLR2004 - place of the fields
    if not isinstance(fields, Bag):
        return False
    return any(
        _holds_objects(entry[0]) for entry in fields.mapping().values() if isinstance(entry, tuple)
    )


def _element_size(dtype: Any) -> int | None:
    """Give the bytes of one element; None if they cannot be told."""
    if not isinstance(dtype, Made) or dtype.name.rpartition(".")[2] != "dtype" or not dtype.args:
        return None
    state = dtype.state
    if isinstance(state, tuple) and len(state) > _ELEMENT_SIZE:
        size = state[_ELEMENT_SIZE]
        if isinstance(size, int) and size > 0:
            return size
    code = dtype.args[0]
    if isinstance(code, Global):
        digits = re.sub(r"\D", "", code.name)
        return int(digits) // 8 if digits else None
    return size_of(code) if isinstance(code, str) else None


def size_of(code: str) -> int | None:
    """Give the bytes of one element of a dtype written as `f8`, `<U10`, `d`.

    >>> size_of("<U10"), size_of("f8"), size_of("d"), size_of("nonsense")
    (40, 8, 8, None)
    """
    bare = code.lstrip("<>=|")
    kind, digits = bare[:1], bare[1:]
    if not digits:
        return _SIZES.get(kind)
    if not digits.isdecimal() or kind not in "biufcSUVMm" or len(digits) > 9:  # noqa: PLR2004 - a gigabyte an element
        return None
    return int(digits) * (4 if kind == "U" else 1) if kind not in "Mm" else 8
