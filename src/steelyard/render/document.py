"""From a statement to the predicate that it holds."""

from typing import Any, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.predicates.inspection import Inspection
from steelyard.evidence.statement import Statement, predicate_type

Predicate = Audit | Inspection | Comparison
P = TypeVar("P", bound=Predicate)

_TYPES: tuple[tuple[str, type[Any]], ...] = (
    (predicate_type("audit"), Audit),
    (predicate_type("inspection"), Inspection),
    (predicate_type("comparison"), Comparison),
)


def read(statement: Statement) -> Predicate:
    """The predicate, strictly.

    Raises:
        InputError: a type that has no picture, or not what the type promises.
    """
    for name, kind in _TYPES:
        if name == statement.predicate_type:
            try:
                found: Predicate = msgspec.convert(statement.predicate, kind)
            except msgspec.ValidationError as error:
                raise InputError(f"not a sound {name} predicate: {error}") from error
            return found
    raise InputError(f"evidence of type {statement.predicate_type!r} cannot be rendered")


def expect(statement: Statement, kind: type[P], use: str) -> P:
    """The predicate, if it is a `kind`.

    Raises:
        InputError: it is another kind, and `use` takes only this one.
    """
    found = read(statement)
    if not isinstance(found, kind):
        raise InputError(
            f"{use} takes evidence of an {kind.__name__.lower()}, "
            f"and this is of type {statement.predicate_type}"
        )
    return found
