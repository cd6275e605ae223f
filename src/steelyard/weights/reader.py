"""What a reader is: recognises one format by content, and says what is in it.

A reader never decides about recursion, budgets over files, hashing or output: it yields
items, and `weights.inspect` does the rest. It may assume nothing about the bytes; what it
raises becomes the finding `reader/failed` of that file.

To add one: write a module in `weights/readers/`, name its class in `pyproject.toml` under
`[project.entry-points."steelyard.checks"]`, run `make setup`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from steelyard.evidence.value import Finding, Place, Skipped, Value
from steelyard.weights.rules import Rule, printable
from steelyard.weights.settings import Limits
from steelyard.weights.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Something inside the file that is a file of its own; `inspect` recurses into it."""

    name: str
    """As the container spells it."""

    source: Source


class Tensor(Value, frozen=True, kw_only=True):
    """One tensor that the file declares, and where its bytes lie in the source being read."""

    name: str
    dtype: str
    """safetensors or ggml name: `BF16`, `Q4_K`."""

    shape: tuple[int, ...]
    """Slowest axis first, whatever the file's order."""

    start: int = -1
    end: int = -1
    """Bytes in the source; -1 where the tensor has no contiguous bytes here."""

    @property
    def elements(self) -> int:
        """Product of the shape."""
        count = 1
        for length in self.shape:
            count *= length
        return count


class Fact(Value, frozen=True, kw_only=True):
    """What a file says of itself, for the report and for checks over the whole model."""

    name: str
    """`architecture`, `quantisation`, `licence`, `base-model`, `chat-template-sha256`, …"""

    value: str


class Import(Value, frozen=True, kw_only=True):
    """A `module.name` that loading the file would import."""

    name: str


Item = Finding | Skipped | Member | Tensor | Fact | Import


class ExhaustedError(Exception):
    """A budget of the file is used up; the message says which."""


@dataclass(slots=True)
class Budget:
    """What one file may still cost. The one thing readers share that changes."""

    limits: Limits
    members: int = 0
    expanded: int = 0

    def enter(self) -> None:
        """Count one member.

        Raises:
            ExhaustedError: the file has more members than `limits.members`.
        """
        self.members += 1
        if self.members > self.limits.members:
            raise ExhaustedError(f"more than {self.limits.members} members")

    def expand(self, out: int, taken: int, member_total: int) -> None:
        """Count `out` bytes just decompressed; the member took `taken` bytes so far in.

        Args:
            out: Bytes that came out since the last call.
            taken: Bytes of the member's compressed data used so far.
            member_total: Bytes that came out of this member so far, with `out`.

        Raises:
            ExhaustedError: too much in all, or too much for what went in.
        """
        self.expanded += out
        if self.expanded > self.limits.expanded:
            raise ExhaustedError(f"expands to more than {self.limits.expanded} bytes")
        if member_total > self.limits.free and member_total > self.limits.ratio * max(taken, 1):
            raise ExhaustedError(f"expands more than {self.limits.ratio} times")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where in the model a source stands, and what may be spent on it."""

    path: str
    """Of the file, relative to the model's root."""

    member: str = ""
    """`outer.zip!inner.pkl` inside archives."""

    depth: int = 0
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=lambda: Budget(Limits()))

    def place(self, start: int = -1, end: int = -1, detail: str = "") -> Place:
        """A place in this source."""
        return Place(path=self.path, member=self.member, start=start, end=end, detail=detail)

    def inside(self, name: str) -> "Context":
        """The context of member `name`."""
        shown = printable(name, 200)
        member = f"{self.member}!{shown}" if self.member else shown
        return replace(self, member=member, depth=self.depth + 1)


Rank = Literal[0, 1, 2, 3]


class Reader(ABC):
    """A seam of two methods. Instances hold no state."""

    format: ClassVar[str]
    """`safetensors`, `gguf`, `pickle`, …: what the report calls the file."""

    rank: ClassVar[Rank] = 0
    """0: owns the file's bytes; two owners of one file make a polyglot, which is a finding.
    1: a text with a meaning (template, script, tokenizer). 2: any JSON. 3: any text. The
    report calls the file by the lowest rank that claims it; all that claim it read it."""

    calls: ClassVar[bool] = False
    """Whether files of this format can call code when loaded: a file without findings is
    then `safe` (every callable judged), else `inert`."""

    rules: ClassVar[Sequence[Rule]]
    """Every rule that `read` may apply."""

    @abstractmethod
    def sniff(self, source: Source) -> bool:
        """Whether the bytes are, or claim to be, of this format. Cheap; never by name."""

    @abstractmethod
    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """What is in the bytes, in file order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One file after reading, as checks over the whole model see it."""

    path: str
    format: str
    facts: tuple[tuple[str, Fact], ...]
    """(member, fact); member is `""` for the file itself."""

    tensors: tuple[tuple[str, Tensor], ...]


class ModelCheck(ABC):
    """A check that needs several files at once: does the tokenizer fit the embedding?"""

    rules: ClassVar[Sequence[Rule]]

    @abstractmethod
    def check(self, files: Sequence[Seen]) -> Iterator[Finding | Skipped]:
        """What the files, taken together, show. Files come ordered by path."""
