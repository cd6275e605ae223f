"""What the symbolic machine keeps on its stack instead of real objects.

Plain data stands for itself: None, bool, int, float, str, bytes and tuples. Everything that
loading would import, call or fill in is one of the classes below. They are mutable where
the real object is: aliases in the memo must see the same change.
"""

from dataclasses import dataclass, field
from typing import Any

KEPT_INLINE = 1024
"""Bytes. Longer text and byte strings stay in the file, see `Blob`."""

KEPT_ITEMS = 64
"""Items of a container kept in full; later ones are kept only when they are no plain data."""


@dataclass(slots=True, eq=False, frozen=True)
class Global:
    """An import: `module` and `name` as the unpickler would look them up."""

    module: str
    name: str
    at: int
    """Byte offset of the opcode."""

    def __str__(self) -> str:
        """Give the dotted name."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Bag:
    """A list, dict (keys and values alternating), set or frozenset."""

    kind: str
    items: list[Any] = field(default_factory=list)
    count: int = 0

    def add(self, values: list[Any]) -> None:
        """Put `values` in; plain data beyond `KEPT_ITEMS` is only counted."""
        self.count += len(values)
        if len(self.items) + len(values) <= KEPT_ITEMS:
            self.items.extend(values)
        elif self.kind == "dict":
            for key, value in zip(values[::2], values[1::2], strict=True):
                if type(value) not in PLAIN or type(key) not in PLAIN:
                    self.items += (key, value)
        else:
            self.items.extend([value for value in values if type(value) not in PLAIN])

    def mapping(self) -> dict[str, Any]:
        """Give what was kept of a dict under keys that are text."""
        pairs = zip(self.items[::2], self.items[1::2], strict=True)
        return {key: value for key, value in pairs if type(key) is str}


@dataclass(slots=True, eq=False)
class Made:
    """The result of a call or an instantiation of `target`."""

    target: Global | str
    args: tuple[Any, ...] = ()
    state: Any = None
    items: Bag | None = None
    """What was put in afterwards, if it is a container."""

    @property
    def name(self) -> str:
        """Dotted name of what made it."""
        return str(self.target)


@dataclass(slots=True, eq=False, frozen=True)
class Blob:
    """Text or bytes left where they are in the file."""

    kind: str
    """`str`, `bytes` or `bytearray`."""

    start: int
    size: int


@dataclass(slots=True, eq=False, frozen=True)
class Persistent:
    """What the loader's own `persistent_load` would answer for `pid`."""

    pid: Any


@dataclass(slots=True, eq=False, frozen=True)
class Opaque:
    """Plain data whose value is of no interest: a very long integer, an outside buffer."""

    what: str


PLAIN = frozenset({type(None), bool, int, float, str, bytes, Blob, Opaque})
