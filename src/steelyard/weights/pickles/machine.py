"""A symbolic unpickler: CPython's `_pickle.c`, opcode for opcode, with nothing real behind it.

It asks a `Judge` whenever a real one would import, call, or fill in an object. Where the C
code, the Python code and pickletools read the same bytes differently, it says so and goes
on as `pickle.loads` would.
"""

import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import TYPE_CHECKING, Any

from steelyard.weights.pickles.constants import Constants
from steelyard.weights.pickles.cursor import BrokenStreamError, Bytes
from steelyard.weights.pickles.judge import Judge
from steelyard.weights.pickles.opcodes import NAMES
from steelyard.weights.pickles.state import StopReached
from steelyard.weights.pickles.values import Bag, Global, Made, Persistent

if TYPE_CHECKING:
    from collections.abc import Callable

BUDGET = 50_000_000
"""Opcodes that one pickle may cost."""

TRANSLATED_BELOW = 3
"""Protocols below this one have their Python 2 names translated (`fix_imports`)."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class Machine(Constants):
    """One run over one pickle. `result` is the value that it would return."""

    def __init__(self, source: Bytes, start: int, judge: Judge) -> None:
        super().__init__(source, start, judge)
        self.table: list[Callable[[], None]] = [self._unknown] * 256
        for code, name in NAMES.items():
            self.table[code] = getattr(self, f"_{name.lower()}")

    def run(self, budget: int = BUDGET) -> int:
        """Go through the program and give the offset after its STOP.

        Raises:
            BrokenStreamError: it cannot be finished: truncated, no such opcode, nothing on
                the stack, or over `budget` opcodes.
        """
        report = self.judge.report
        outer, report.where = report.where, self.where
        table = self.table
        try:
            for _ in range(budget):
                pos = self.pos
                if pos >= len(self.buffer):
                    self.fill(1)
                    pos = 0
                self.code = code = self.buffer[pos]
                self.at = self.base + pos
                self.pos = pos + 1
                table[code]()
                if self.pos > self.limit:
                    self.cross_frame()
        except StopReached:
            self.judge.finish(self.result, self.shared, self.tell() - self.start)
            return self.tell()
        except IndexError:
            raise BrokenStreamError(
                f"the stack is empty ({NAMES[self.code]} at byte {self.at})"
            ) from None
        finally:
            report.where = outer
        raise BrokenStreamError(f"over {budget} opcodes, given up at byte {self.at}")

    def _unknown(self) -> None:
        self.fail("this is no opcode")

    # Containers.

    def _bag(self, kind: str, items: list[Any]) -> None:
        bag = Bag(kind)
        bag.add(items)
        self.stack.append(bag)

    def _empty_list(self) -> None:
        self.stack.append(Bag("list"))

    def _empty_dict(self) -> None:
        self.stack.append(Bag("dict"))

    def _empty_set(self) -> None:
        self.stack.append(Bag("set"))

    def _empty_tuple(self) -> None:
        self.stack.append(())

    def _list(self) -> None:
        items = self.to_mark()
        self._bag("list", items)

    def _dict(self) -> None:
        items = self.to_mark()
        if len(items) % 2:
            self.fail("a dict needs as many values as keys")
        self._bag("dict", items)

    def _frozenset(self) -> None:
        items = self.to_mark()
        self._bag("frozenset", items)

    def _tuple(self) -> None:
        items = self.to_mark()
        self.stack.append(tuple(items))

    def _last(self, size: int) -> None:
        """Make a tuple of the last `size` values."""
        if len(self.stack) < size:
            self.fail("the stack is empty")
        items = tuple(self.stack[-size:])
        del self.stack[-size:]
        self.stack.append(items)

    def _tuple1(self) -> None:
        self._last(1)

    def _tuple2(self) -> None:
        self._last(2)

    def _tuple3(self) -> None:
        self._last(3)

    def _append(self) -> None:
        value = self.stack.pop()
        self.judge.fill(self.stack[-1], "list", [value])

    def _appends(self) -> None:
        items = self.to_mark()
        self.judge.fill(self.stack[-1], "list", items)

    def _setitem(self) -> None:
        value = self.stack.pop()
        key = self.stack.pop()
        self.judge.fill(self.stack[-1], "dict", [key, value])

    def _setitems(self) -> None:
        items = self.to_mark()
        if len(items) % 2:
            self.fail("a dict needs as many values as keys")
        self.judge.fill(self.stack[-1], "dict", items)

    def _additems(self) -> None:
        items = self.to_mark()
        self.judge.fill(self.stack[-1], "set", items)

    # Imports.

    def _import(self, module: str, name: str) -> Global:
        """Look a name up as `find_class` does."""
        if self.protocol < TRANSLATED_BELOW:
            if (module, name) in NAME_MAPPING:
                module, name = NAME_MAPPING[module, name]
            else:
                module = IMPORT_MAPPING.get(module, module)
        found = Global(module, name, self.at)
        if not (_PLAIN_NAME.fullmatch(module) and _PLAIN_NAME.fullmatch(name)):
            self.judge.note(
                "pickle/odd-name", f"{module[:80]!r}, {name[:80]!r} is no name that Python writes"
            )
        self.judge.imported(found)
        return found

    def _lines(self) -> Global:
        raw = self.line(), self.line()
        try:
            return self._import(raw[0].decode("utf-8"), raw[1].decode("utf-8"))
        except UnicodeDecodeError:
            return self.fail("the name is not UTF-8")

    def _global(self) -> None:
        self.stack.append(self._lines())

    def _stack_global(self) -> None:
        name = self.stack.pop()
        module = self.stack.pop()
        if isinstance(name, str) and isinstance(module, str):
            self.stack.append(self._import(module, name))
            return
        if any(
            type(part) in {int, float, bool, tuple, bytes, type(None), Bag}
            for part in (name, module)
        ):
            self.fail("module and name are no text")
        self.judge.note("pickle/unresolved-name", "what is imported is computed while loading")
        self.stack.append(Global("?", "?", self.at))

    def _extension(self, code: int) -> None:
        if code <= 0:
            self.fail(f"extension code {code} does not exist")
        self.judge.note(
            "pickle/extension-code", f"code {code} stands for whatever the process registered"
        )
        self.stack.append(Made(f"extension {code}", ()))

    def _ext1(self) -> None:
        self._extension(self.byte())

    def _ext2(self) -> None:
        self._extension(self.number(2))

    def _ext4(self) -> None:
        self._extension(int.from_bytes(self.take(4), "little", signed=True))

    # Calls and objects.

    def _reduce(self) -> None:
        args = self.stack.pop()
        target = self.stack.pop()
        self.stack.append(self.judge.call(target, self._arguments(args), "call"))

    def _arguments(self, args: Any) -> tuple[Any, ...] | None:
        """Give the tuple of arguments; None when only loading would tell it."""
        if isinstance(args, tuple):
            return args
        if isinstance(args, (Made, Global, Persistent)):
            return None
        return self.fail("the arguments are no tuple")

    def _inst(self) -> None:
        target = self._lines()
        args = tuple(self.to_mark())
        self.stack.append(self.judge.call(target, args, "call" if args else "bare"))

    def _obj(self) -> None:
        items = self.to_mark()
        if not items:
            self.fail("there is no class")
        args = tuple(items[1:])
        self.stack.append(self.judge.call(items[0], args, "call" if args else "bare"))

    def _newobj(self) -> None:
        args = self.stack.pop()
        target = self.stack.pop()
        self.stack.append(self.judge.call(target, self._arguments(args), "new"))

    def _newobj_ex(self) -> None:
        keywords = self.stack.pop()
        args = self._arguments(self.stack.pop())
        target = self.stack.pop()
        if not isinstance(keywords, (Bag, Made)):
            self.fail("the keyword arguments are no dict")
        if not isinstance(keywords, Bag) or keywords.count:
            args = None if args is None else (*args, keywords)
        self.stack.append(self.judge.call(target, args, "new"))

    def _build(self) -> None:
        state = self.stack.pop()
        instance = self.stack[-1]
        self.judge.build(instance, state)
        after = self.judge.array_after(instance, self)
        if after is not None:
            self.stack[-1] = after

    # Whatever the loader adds.

    def _persid(self) -> None:
        text = self.line()
        self.stack.append(self.judge.persistent(text.decode("ascii", "replace")))

    def _binpersid(self) -> None:
        self.stack.append(self.judge.persistent(self.stack.pop()))
