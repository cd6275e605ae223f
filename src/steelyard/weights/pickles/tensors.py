"""The tensors that a torch pickle declares, found in the result of the machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from steelyard.weights.pickles.arguments import is_storage_class
from steelyard.weights.pickles.report import Storage
from steelyard.weights.pickles.values import Bag, Made, Persistent

DEEPEST = 6
"""Levels of dicts: `optimizer.state.0.exp_avg` has four."""

DTYPES = {
    "Double": ("F64", 8),
    "Float": ("F32", 4),
    "Half": ("F16", 2),
    "BFloat16": ("BF16", 2),
    "Long": ("I64", 8),
    "Int": ("I32", 4),
    "Short": ("I16", 2),
    "Char": ("I8", 1),
    "Byte": ("U8", 1),
    "Bool": ("BOOL", 1),
    "ComplexFloat": ("C64", 8),
    "ComplexDouble": ("C128", 16),
    "QInt8": ("I8", 1),
    "QUInt8": ("U8", 1),
    "QInt32": ("I32", 4),
    "QUInt4x2": ("U8", 1),
    "QUInt2x4": ("U8", 1),
    "Untyped": ("U8", 1),
    "Typed": ("U8", 1),
}
"""torch's storage class, without `Storage`, to (safetensors' name, bytes an element)."""

_REBUILT = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"}
_WRAPPED = {"torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter"}


@dataclass(frozen=True)
class View:
    """A tensor as a window on a storage. `offset`, `shape` and `stride` count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """Safetensors' name of the element type."""
        return DTYPES[self.storage.dtype.removesuffix("Storage")][0]


def width(storage: Storage) -> int:
    """Give the bytes of one element."""
    return DTYPES[storage.dtype.removesuffix("Storage")][1]


def view_of(args: tuple[Any, ...]) -> View | None:
    """Read the arguments of `_rebuild_tensor_v2`; None if the storage is no persistent one."""
    match args:
        case (Persistent(pid=pid), int() as at, *rest) if len(rest) > 1:
            storage = storage_of(pid)
            sizes = [_counts(value) for value in rest[:2]]
            return None if storage is None else View(storage, at, sizes[0], sizes[1])
        case _:
            return None


def storage_of(pid: Any) -> Storage | None:
    """Read a persistent id as torch's tuple of a storage; None if it is none.

    The sixth part, until torch 1.6, is the key of a view on it.
    """
    match pid:
        case ("storage", kind, str() as key, str(), int() as elements, *view) if (
            is_storage_class(kind) and len(view) <= 1 and elements >= 0
        ):
            return Storage(kind.name, key, elements)
        case _:
            return None


def _counts(value: Any) -> tuple[int, ...]:
    """Read a tuple of integers, or a `torch.Size` of one."""
    if isinstance(value, Made):
        value = value.args[0] if value.args else ()
    items = value.items if isinstance(value, Bag) else value
    if not isinstance(items, (tuple, list)):
        return ()
    return tuple(item for item in items if isinstance(item, int))


def named(result: Any) -> Iterator[tuple[str, View]]:
    """Give every tensor under the dicts of `result`, by dotted name, in file order."""
    todo: list[tuple[str, Any, int]] = [("", result, 0)]
    seen: set[int] = set()
    while todo:
        name, value, depth = todo.pop()
        view = _view(value)
        if view is not None:
            yield name, view
        elif depth < DEEPEST and id(value) not in seen:
            seen.add(id(value))
            inner = [
                (f"{name}.{key}".lstrip("."), item, depth + 1) for key, item in _entries(value)
            ]
            todo.extend(reversed(inner))


def _view(value: Any) -> View | None:
    """Read `value` as a tensor or a parameter around one."""
    if isinstance(value, Made) and value.name in _WRAPPED and value.args:
        value = value.args[0]
    return view_of(value.args) if isinstance(value, Made) and value.name in _REBUILT else None


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give keys and values of a dict, an ordered one, or an object's attributes."""
    match value:
        case Bag(kind="dict"):
            yield from zip(value.items[::2], value.items[1::2], strict=True)
        case Bag(kind="list"):
            yield from enumerate(value.items)
        case Made():
            for part in (value.items, value.state):
                if isinstance(part, Bag) and part.kind == "dict":
                    yield from _entries(part)
