"""JSON as evidence needs it: no NaN, no duplicate keys, one canonical form.

msgspec writes NaN as `null` and takes the last of two equal keys; either would let two
readers see two different statements under one signature.
"""

import json
import math
from typing import Any, TypeVar

import msgspec

from steelyard.errors import EvidenceError

T = TypeVar("T")


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces, the same for equal values.

    Raises:
        EvidenceError: a number is NaN or infinite.
    """
    plain = msgspec.to_builtins(value, str_keys=True)
    _refuse_non_finite(plain, "$")
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def decode(data: bytes, kind: type[T]) -> T:
    """Decode `data` strictly as `kind`.

    Raises:
        EvidenceError: not JSON, a duplicate key, a non-finite number, or not a `kind`.
    """
    try:
        plain = json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        return msgspec.convert(plain, kind)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"not valid {kind.__name__} JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice!r} appears twice in one object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_non_finite(value: Any, where: str) -> None:
    match value:
        case float() if not math.isfinite(value):
            raise EvidenceError(f"{where} is {value}: evidence holds finite numbers only")
        case dict():
            for key, item in value.items():
                _refuse_non_finite(item, f"{where}.{key}")
        case list() | tuple():
            for index, item in enumerate(value):
                _refuse_non_finite(item, f"{where}[{index}]")
        case _:
            pass
