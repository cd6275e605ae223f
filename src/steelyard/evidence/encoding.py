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
        EvidenceError: a number is NaN or infinite, a text cannot be UTF-8, or the nesting is
            too deep.
    """
    try:
        plain = msgspec.to_builtins(value, str_keys=True)
        _refuse_non_finite(plain, "$")
        text = json.dumps(
            plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()
    except UnicodeEncodeError as error:
        raise EvidenceError("evidence holds text only: half a surrogate pair found") from error
    except RecursionError as error:
        raise EvidenceError("evidence is nested too deep to be written") from error


def decode(data: bytes, kind: type[T]) -> T:
    """Decode `data` strictly as `kind`.

    Raises:
        EvidenceError: not UTF-8 JSON, a duplicate key, a number that is not finite or too
            large for a double, or not a `kind`.
    """
    try:
        # Decoded here: json.loads would guess UTF-16 or UTF-32 where another reader may not.
        plain = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        return msgspec.convert(plain, kind)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"not valid {kind.__name__} JSON: {error}") from error


def convert(plain: Any, kind: type[T]) -> T:
    """A decoded JSON value as `kind`: a statement's predicate, say.

    Raises:
        EvidenceError: it is not a `kind`.
    """
    try:
        return msgspec.convert(plain, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise EvidenceError(f"not a valid {kind.__name__}: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice!r} appears twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


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
