"""Stack, marks, memo and frames, as CPython's `_pickle.c` keeps them."""

from typing import Any, NoReturn

from steelyard.weights.pickles.cursor import BrokenStreamError, Bytes, Cursor
from steelyard.weights.pickles.judge import Judge
from steelyard.weights.pickles.literals import index_of
from steelyard.weights.pickles.opcodes import NAMES
from steelyard.weights.pickles.values import PLAIN

NEWEST_PROTOCOL = 5
SPARSE = 100_000
"""A memo index this far past what a writer would use makes the reader allocate for nothing."""


class StopReached(Exception):  # noqa: N818 - the end of a program is no error
    """STOP was run."""


class State(Cursor):
    """The machine's memory and the opcodes that only move values about.

    A mark puts the stack aside and begins an empty one, so nothing reaches below it: the
    C code's fence.
    """

    def __init__(self, source: Bytes, start: int, judge: Judge) -> None:
        super().__init__(source, start)
        self.judge = judge
        self.start = start
        self.at = start
        self.code = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.shared = 0
        """How often something that holds others was pushed a second time."""

        self.protocol = 0
        self.result: Any = None

    def where(self) -> tuple[int, int, str]:
        """Give first byte, end and name of the opcode that is being run."""
        return self.at, self.tell(), NAMES.get(self.code, f"byte 0x{self.code:02x}")

    def fail(self, why: str) -> NoReturn:
        """Give up.

        Raises:
            BrokenStreamError: always.
        """
        at, _, name = self.where()
        raise BrokenStreamError(f"{why} ({name} at byte {at})")

    def cross_frame(self) -> None:
        """The last opcode ended past the frame: either it began there or it straddles.

        Until 3.13.15 and 3.14.7 the C unpickler, reading from a file, dropped the rest of
        its buffer here and so ran other opcodes than pickletools shows (gh-154848).
        """
        if self.at < self.frame_end:
            self.judge.note("pickle/frame-disagreement", "an opcode straddles the end of its frame")
        self.leave_frame()

    def to_mark(self) -> list[Any]:
        """Give what lies above the topmost mark, and take both away."""
        if not self.marks:
            self.fail("there is no mark")
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def remember(self, index: int) -> None:
        """Put the top of the stack at `index` of the memo."""
        self.memo[index] = self.stack[-1]
        if index > SPARSE + 100 * len(self.memo):
            self.judge.note(
                "pickle/sparse-memo",
                f"memo index {index} makes the reader allocate that many slots",
            )

    def recall(self, index: int) -> None:
        """Push what is at `index` of the memo."""
        if index not in self.memo:
            self.fail(f"nothing is in the memo at {index}")
        value = self.memo[index]
        self.stack.append(value)
        if type(value) not in PLAIN:
            self.shared += 1

    # One method an opcode, called by its pickletools name.

    def _proto(self) -> None:
        self.protocol = self.byte()
        if self.protocol > NEWEST_PROTOCOL:
            self.fail(f"protocol {self.protocol} does not exist")

    def _frame(self) -> None:
        size = self.number(8)
        if self.framed and self.at < self.frame_end:
            self.judge.note("pickle/frame-disagreement", "a frame begins inside another")
        if self.tell() + size > self.end:
            self.judge.note(
                "pickle/frame-disagreement", f"a frame of {size} bytes is longer than the data"
            )
            self.leave_frame()
        else:
            self.enter_frame(size)

    def _stop(self) -> None:
        self.result = self.stack.pop()
        if self.framed and self.at < self.frame_end != self.tell():
            self.judge.note("pickle/frame-disagreement", "the frame goes on after STOP")
        raise StopReached

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _pop_mark(self) -> None:
        self.to_mark()

    def _pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.to_mark()

    def _dup(self) -> None:
        self.stack.append(self.stack[-1])
        self.shared += 1

    def _put(self) -> None:
        self.remember(self._index())

    def _binput(self) -> None:
        self.memo[self.byte()] = self.stack[-1]

    def _long_binput(self) -> None:
        self.remember(self.number(4))

    def _memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self) -> None:
        self.recall(self._index())

    def _binget(self) -> None:
        self.recall(self.byte())

    def _long_binget(self) -> None:
        self.recall(self.number(4))

    def _index(self) -> int:
        text = self.line()
        read = index_of(text)
        if read is None:
            self.fail("the memo index is no number")
        number, same = read
        if not same:
            self.judge.note("pickle/reader-disagreement", f"readers take {text[:40]!r} differently")
        return number
