"""What is filled in after it was made: containers, state, and the loader's own objects."""

from typing import Any, Protocol

from steelyard.weights.pickles.allowed import allowed
from steelyard.weights.pickles.arrays import follow, is_wrapper
from steelyard.weights.pickles.cursor import BrokenStreamError, Bytes, Cursor
from steelyard.weights.pickles.expansion import expanded
from steelyard.weights.pickles.report import Report
from steelyard.weights.pickles.tensors import storage_of
from steelyard.weights.pickles.values import Bag, Blob, Global, Made, Opaque, Persistent

EXPANSION = 10_000_000
EXPANSION_RATIO = 100_000
"""Values reached per byte of pickle; sharing in real files stays under a few hundred."""

SHARING = 16
"""Pushes from the memo below which nothing can double often enough to matter."""


class Nested(Protocol):
    """Looks at pickles within the pickle, one level deeper."""

    def one(self, source: Bytes, start: int, report: Report) -> int:
        """Judge one pickle at `start` into `report` and give the offset after it.

        Raises:
            BrokenStreamError: it has no end, or is nested too deep.
        """

    def all(self, source: Bytes) -> Report:
        """Judge everything in `source`."""


_CONTAINERS = {
    "collections.OrderedDict": "dict",
    "collections.defaultdict": "dict",
    "collections.Counter": "dict",
    "collections.deque": "list",
}


class Objects:
    """The half of the judge that deals with objects already made."""

    def __init__(self, source: Bytes, report: Report, nested: "Nested") -> None:
        self.source = source
        self.report = report
        self.nested = nested

    def note(self, rule: str, message: str, subject: str = "") -> None:
        """Keep an observation at the opcode that is being run."""
        self.report.note(rule, message, subject)

    def fill(self, container: Any, kind: str, values: list[Any]) -> None:
        """Judge APPENDS, SETITEMS or ADDITEMS: `kind` is what they are meant for.

        Raises:
            BrokenStreamError: the target can hold nothing, so every reader fails here.
        """
        match container:
            case Bag() if container.kind == kind:
                container.add(values)
            case Bag():
                self.note(
                    "pickle/odd-target", f"items meant for a {kind} go into a {container.kind}"
                )
                if container.kind != "dict":  # whose items go in pairs
                    container.add([*values])
            case Made():
                self._fill_made(container, kind, values)
            case Global():
                self.note(
                    "pickle/build-on-module",
                    f"items are put into {container}, which the program did not make",
                    str(container),
                )
            case Persistent() | Opaque():
                self.note("pickle/odd-target", "items are put into what the loader gave")
            case _ if not values or (isinstance(container, Blob) and container.kind == "bytearray"):
                # The C code does nothing for no items, before it looks at what they go into.
                self.note("pickle/odd-target", "items are put into plain data")
            case _:
                raise BrokenStreamError(
                    f"items are put into plain data, at byte {self.report.where()[0]}"
                )

    def _fill_made(self, container: Made, kind: str, values: list[Any]) -> None:
        """Judge items put into an instance: its own methods take them."""
        target = container.target
        known = (
            allowed().look_up(target.module, target.name) if isinstance(target, Global) else None
        )
        if known and known.standing == "safe" and _CONTAINERS.get(container.name) != kind:
            self.note(
                "pickle/odd-target", f"items meant for a {kind} go into a {target}", container.name
            )
        if container.items is None:
            container.items = Bag(kind)
        if container.items.kind == kind:
            container.items.add(values)

    def build(self, instance: Any, state: Any) -> None:
        """Judge BUILD: `__setstate__`, or attributes set one by one.

        Raises:
            BrokenStreamError: plain data takes no state, so every reader fails here.
        """
        match instance:
            case Made():
                instance.state = state
            case Global():
                self.report.calls += 1
                self.note(
                    "pickle/build-on-module",
                    f"attributes of {instance} are replaced, which the program did not make",
                    str(instance),
                )
            case Persistent() | Opaque() | Bag():
                self.note("pickle/odd-target", "state is set on what takes none")
            case _ if is_no_state(state):
                # The C code looks for attributes to set first; the Python code differs on `{}`.
                self.note("pickle/odd-target", "no state is set on plain data")
            case _:
                raise BrokenStreamError(
                    f"state is set on plain data, at byte {self.report.where()[0]}"
                )

    def persistent(self, pid: Any) -> Any:
        """Judge a persistent id: what it stands for is the loader's choice.

        torch writes `("storage", class, key, location, elements)`, until 1.6 with a view's
        key as a sixth part, and `("module", class, file, source)` before whole modules.
        """
        storage = storage_of(pid)
        if storage is not None:
            if self.report.storages.setdefault(storage.key, storage) != storage:
                self.note(
                    "pickle/tensor-out-of-range",
                    f"storage {storage.key} is declared with different types or lengths",
                )
            return Persistent(pid)
        match pid:
            case ("module", Global() as kind, _, _):
                return kind
            case _:
                self.report.calls += 1
                self.note(
                    "pickle/persistent-id",
                    "a persistent id that is none of torch's: the loader decides",
                )
                return Persistent(pid)

    def array_after(self, instance: Any, cursor: Cursor) -> Any:
        """Pass over the array that joblib writes after a wrapper; None if there is none."""
        if not is_wrapper(instance):
            return None
        return follow(instance, cursor, self)

    def finish(self, result: Any, shared: int, size: int) -> None:
        """Judge the result as a whole. `size` is the pickle's, in bytes."""
        self.report.results.append(result)
        if shared < SHARING:
            return
        total = expanded(result)
        if total > EXPANSION and total > EXPANSION_RATIO * size:
            self.note(
                "pickle/expansion",
                f"{size} bytes stand for {total:.0e} values once shared ones are followed",
            )


def is_no_state(state: Any) -> bool:
    """Whether BUILD with `state` sets nothing, for one reader at least."""
    match state:
        case None | False | 0 | "" | b"" | ():
            return True
        case (first, second):
            return is_no_state(first) and is_no_state(second)
        case Bag():
            return state.count == 0
        case _:
            return False
