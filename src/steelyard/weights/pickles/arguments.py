"""The arguments that harmless callables may take, by the names used in `allow.toml`."""

from collections.abc import Callable
from typing import Any

from steelyard.weights.pickles.allowed import allowed
from steelyard.weights.pickles.values import Bag, Blob, Global, Made, Opaque, Persistent

Arguments = tuple[Any, ...]
DEEP = 8
"""Levels of nesting looked through for a reference."""

_NUMBER = (int, float, Opaque)
_TEXT = (str, Blob)
_BYTES = (bytes, Blob, Opaque)


def is_data(value: Any, depth: int = 0) -> bool:
    """Whether `value` is data all through: no reference to a function or class in it."""
    if depth > DEEP:
        return False
    match value:
        case Global() | Persistent():
            return False
        case tuple():
            return all(is_data(item, depth + 1) for item in value)
        case Bag():
            return all(is_data(item, depth + 1) for item in value.items)
        case _:
            return True


def standing(value: Any) -> str:
    """Give what the list says of a reference; `none` if it is no reference."""
    if not isinstance(value, Global):
        return "none"
    return allowed().look_up(value.module, value.name).standing


def is_storage_class(value: Any) -> bool:
    """Whether `value` is one of torch's storage classes."""
    return (
        isinstance(value, Global)
        and value.module in {"torch", "torch.cuda", "torch.storage"}
        and (value.name.endswith("Storage") and standing(value) == "safe")
    )


def is_made_by(value: Any, *names: str) -> bool:
    """Whether `value` is the result of one of `names`."""
    return isinstance(value, Made) and value.name.replace("numpy._core", "numpy.core") in names


def _counts(value: Any) -> bool:
    """Whether `value` is a tuple of integers, or torch.Size of one."""
    if is_made_by(value, "torch.Size"):
        value = value.args[0] if value.args else ()
    return isinstance(value, (tuple, Bag)) and all(
        isinstance(item, int) for item in (value if isinstance(value, tuple) else value.items)
    )


def _anything(_: Arguments) -> bool:
    return True


def _nothing(args: Arguments) -> bool:
    return not args


def _data(args: Arguments) -> bool:
    return is_data(args)


def _numbers(args: Arguments) -> bool:
    return all(value is None or isinstance(value, _NUMBER) for value in args)


def _text(args: Arguments) -> bool:
    return all(isinstance(value, _TEXT) for value in args)


def _sequence(args: Arguments) -> bool:
    """A list, tuple, set, text or bytes, that is: nothing that computes its items."""
    return len(args) <= 1 and all(isinstance(a, (Bag, tuple, str, bytes, Blob)) for a in args)


def _pairs(args: Arguments) -> bool:
    """Contents and nothing else, or a mapping's own copy."""
    return len(args) <= 1 and all(a is None or isinstance(a, (Bag, tuple, Made)) for a in args)


def _deque(args: Arguments) -> bool:
    return len(args) <= 2 and _sequence(args[:1]) and _numbers(args[1:])  # noqa: PLR2004 - items, length


def _factory(args: Arguments) -> bool:
    """`defaultdict(factory)`: the factory is called later, for missing keys."""
    if not args:
        return True
    names = {"list", "dict", "set", "int", "float", "str", "tuple", "bool", "bytes", "frozenset"}
    harmless = {f"builtins.{name}" for name in names} | {"collections.OrderedDict"}
    return (args[0] is None or str(args[0]) in harmless) and _pairs(args[1:])


def _byte_array(args: Arguments) -> bool:
    """Contents, never a length: `bytearray(10**12)` is memory for nothing."""
    match args:
        case ():
            return True
        case (bytes() | Blob() | Bag(),):
            return True
        case (str() | Blob(), "latin-1" | "latin1"):
            return True
        case _:
            return False


def _dtype(args: Arguments) -> bool:
    """`numpy.dtype(code, align, copy)`."""
    return (
        bool(args)
        and (isinstance(args[0], (str, bytes)) or standing(args[0]) in {"safe", "value"})
        and _numbers(args[1:])
    )


def _array(args: Arguments) -> bool:
    """`_reconstruct(subtype, (0,), b"b")`: an empty array, filled in by BUILD."""
    match args:
        case (Global() as kind, (int() as size,), str() | bytes() | Blob()):
            return size == 0 and standing(kind) in {"safe", "class", "review"}
        case _:
            return False


def _scalar(args: Arguments) -> bool:
    """`scalar(dtype, bytes)`; for objects the second is the object."""
    return 0 < len(args) <= 2 and is_made_by(args[0], "numpy.dtype") and is_data(args[1:])  # noqa: PLR2004


def _from_buffer(args: Arguments) -> bool:
    """`_frombuffer(buffer, dtype, shape, order)`."""
    match args:
        case (bytes() | Blob() | Opaque() | Made(), Made(), tuple() as shape, *_):
            return is_made_by(args[1], "numpy.dtype") and _counts(shape)
        case _:
            return False


def _bit_generator(args: Arguments) -> bool:
    """The name of a generator, or its class."""
    return all(isinstance(a, (str, Made, Bag)) or standing(a) in {"safe", "value"} for a in args)


def _tensor(args: Arguments) -> bool:
    """`_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, …)`."""
    match args:
        case (Persistent() | Made(), int(), size, stride, *rest):
            return _counts(size) and _counts(stride) and _hooks(rest)
        case _:
            return False


def _hooks(rest: list[Any]) -> bool:
    """What follows the geometry of a tensor: flags, an empty mapping of hooks, metadata."""
    for value in rest:
        if is_made_by(value, "collections.OrderedDict"):
            if value.items is not None or value.args not in ((), ((),)):
                return False
        elif not (is_data(value) or standing(value) == "value"):
            return False
    return True


def _tensors(args: Arguments) -> bool:
    """Tensors, dtypes, layouts and plain data, as the rarer kinds of tensor are rebuilt from."""
    return all(
        is_data(a)
        or isinstance(a, Persistent)
        or standing(a) in {"value", "safe"}
        or is_storage_class(a)
        or (isinstance(a, tuple) and _tensors(a))
        for a in args
    )


def _typed_tensor(args: Arguments) -> bool:
    """`_rebuild_from_type_v2(function, type, arguments, state)`: the function is called."""
    match args:
        case (Global() as function, Global() as kind, tuple() as inner, _):
            known = allowed().look_up(function.module, function.name)
            return (
                known.standing == "safe"
                and function.module == "torch._utils"
                and known.takes in ACCEPTS
                and ACCEPTS[known.takes](inner)
                and standing(kind) in {"safe", "class"}
            )
        case _:
            return False


def _storage(args: Arguments) -> bool:
    """Storages come by persistent id; made by name they may only be empty."""
    return not args


def _device(args: Arguments) -> bool:
    return 0 < len(args) <= 2 and isinstance(args[0], str) and _numbers(args[1:])  # noqa: PLR2004 - type, index


def _size(args: Arguments) -> bool:
    return len(args) == 1 and _counts(args[0])


def _date(args: Arguments) -> bool:
    """The packed state, or the fields; a time zone may follow."""
    return all(isinstance(a, (int, str, bytes, Blob, Made)) for a in args)


ACCEPTS: dict[str, Callable[[Arguments], bool]] = {
    "anything": _anything,
    "array": _array,
    "bit_generator": _bit_generator,
    "byte_array": _byte_array,
    "data": _data,
    "date": _date,
    "deque": _deque,
    "device": _device,
    "dtype": _dtype,
    "factory": _factory,
    "from_buffer": _from_buffer,
    "nothing": _nothing,
    "numbers": _numbers,
    "pairs": _pairs,
    "scalar": _scalar,
    "sequence": _sequence,
    "size": _size,
    "storage": _storage,
    "tensor": _tensor,
    "tensors": _tensors,
    "text": _text,
    "typed_tensor": _typed_tensor,
}
