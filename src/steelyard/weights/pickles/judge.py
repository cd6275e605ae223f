"""Whether what a pickle does is on the list of harmless things.

Default-deny: a name is harmless because a line of `allow.toml` says so, with the arguments it
may take; everything else is listed for review (a class made without its `__init__`) or
denied (a call). What is installed here plays no part.
"""

from typing import Any

from steelyard.weights.pickles.allowed import Known, allowed, looks_like_class
from steelyard.weights.pickles.arguments import ACCEPTS
from steelyard.weights.pickles.cursor import BrokenStreamError, Memory
from steelyard.weights.pickles.objects import Objects
from steelyard.weights.pickles.tensors import view_of
from steelyard.weights.pickles.values import Blob, Global, Made, Persistent

LONGEST_NESTED = 1 << 26
"""Bytes of a pickle within a pickle."""


class Judge(Objects):
    """Answers the machine and fills in `report`."""

    # Imports.

    def imported(self, found: Global) -> None:
        """Judge a name by itself: importing it may already be too much."""
        full = str(found)
        if full in self.report.imports:
            return
        self.report.imports[full] = found
        known = allowed().look_up(found.module, found.name)
        if "." in found.name and not (looks_like_class(found.name) and known.standing != "denied"):
            self.note("pickle/dotted-name", f"{full!r} walks through attributes", full)
        if known.standing == "denied":
            self.note("pickle/denied-callable", f"{full} is imported: {known.why}", full)
        elif known.standing in {"review", "class", "unlisted"}:
            self.report.review(full)

    # Calls.

    def call(self, target: Any, args: tuple[Any, ...] | None, how: str) -> Any:
        """Judge a call and give what it leaves on the stack.

        `how` is `call` (REDUCE, or INST and OBJ with arguments), `bare` (INST and OBJ
        without: a class is made without `__init__`, a function is called) or `new`
        (`__new__` alone). `args` is None when only loading would tell.
        """
        self.report.made += 1
        if not isinstance(target, Global):
            return self._call_value(target)
        full = str(target)
        known = allowed().look_up(target.module, target.name)
        match known.standing:
            case "safe":
                return self._call_safe(target, known, args, how)
            case "review":
                return self._made(target, args)
            case "denied":
                self.report.calls += 1
                # The import was noted at its first place already; the call is the better place.
                self.note("pickle/denied-callable", f"{full} is called: {known.why}", full)
                return self._made(target, args)
            case "class" | "unlisted" if how == "new" or (
                how == "bare" and looks_like_class(target.name)
            ):
                return self._made(target, args)
            case _:
                self.report.calls += 1
                self.note(
                    "pickle/unknown-callable",
                    f"{full} is called, and is not on the list of harmless callables",
                    full,
                )
                return self._made(target, args)

    def _made(self, target: Global, args: tuple[Any, ...] | None) -> Made:
        return Made(target, args or ())

    def _call_value(self, target: Any) -> Made:
        """Judge the call of something that is no import."""
        if not isinstance(target, (Made, Persistent)):
            raise BrokenStreamError("a value that cannot be called is called")
        name = target.name if isinstance(target, Made) else "what persistent_load gives"
        self.report.calls += 1
        self.note("pickle/unknown-callable", f"the result of {name} is called", f"{name}()")
        return Made(f"{name}()")

    def _call_safe(
        self, target: Global, known: Known, args: tuple[Any, ...] | None, how: str
    ) -> Any:
        """Judge a call of a harmless callable by its arguments."""
        if args is not None:
            special = getattr(self, f"_takes_{known.takes}", None)
            if special is not None:
                return special(target, args)
            if (not args and how != "call") or ACCEPTS[known.takes](args):
                if known.takes == "tensor":
                    self._check_range(args)
                return self._made(target, args)
        return self._refused(target, args)

    def _check_range(self, args: tuple[Any, ...]) -> None:
        """Note a tensor that reaches beyond the elements of its storage."""
        view = view_of(args)
        if view is None:
            return
        last = view.offset + sum(
            (length - 1) * step for length, step in zip(view.shape, view.stride, strict=False)
        )
        inside = (
            view.offset >= 0 and last < view.storage.elements and min(view.stride, default=0) >= 0
        )
        if 0 not in view.shape and (not inside or len(view.shape) != len(view.stride)):
            self.note(
                "pickle/tensor-out-of-range",
                f"a tensor of shape {view.shape} from element {view.offset} reaches to element "
                f"{last} of a storage of {view.storage.elements}",
            )

    def _refused(self, target: Global, args: tuple[Any, ...] | None) -> Made:
        self.report.calls += 1
        self.note(
            "pickle/denied-argument",
            f"{target} is called with arguments that it is not allowed",
            str(target),
        )
        return self._made(target, args)

    def _takes_latin1(self, target: Global, args: tuple[Any, ...]) -> Any:
        """`_codecs.encode(text, "latin1")`: how protocol 2 writes bytes."""
        if len(args) != 2 or args[1] not in ("latin1", "latin-1"):  # noqa: PLR2004 - text, encoding
            return self._refused(target, args)
        text = args[0]
        if isinstance(text, Blob):
            return Blob("latin1", text.start, text.size)
        if not isinstance(text, str):
            return self._refused(target, args)
        try:
            return self.literal(text.encode("latin1"))
        except UnicodeEncodeError:
            raise BrokenStreamError("text outside Latin-1 is encoded as Latin-1") from None

    def _takes_reconstructor(self, target: Global, args: tuple[Any, ...]) -> Any:
        """`copyreg._reconstructor(cls, base, state)`: protocols 0 and 1 make objects so."""
        bases = {"builtins.object", "builtins.dict", "builtins.list", "builtins.set"}
        bases |= {"builtins.tuple", "builtins.str", "builtins.int", "builtins.float"}
        if len(args) != 3 or not all(isinstance(part, Global) for part in args[:2]):  # noqa: PLR2004 - its signature
            return self._refused(target, args)
        if str(args[1]) not in bases:
            return self._refused(target, args)
        return self.call(args[0], (), "new")

    def _takes_newobj(self, target: Global, args: tuple[Any, ...]) -> Any:
        """`copyreg.__newobj__(cls, *args)`: NEWOBJ by name."""
        if not args or not isinstance(args[0], Global):
            return self._refused(target, args)
        return self.call(args[0], args[1:], "new")

    def _takes_member(self, target: Global, args: tuple[Any, ...]) -> Any:
        """`getattr(enum, name)`: how Python 3.11 writes members of enumerations."""
        if len(args) == 2 and isinstance(args[0], Global) and isinstance(args[1], str):  # noqa: PLR2004 - its signature
            known = allowed().look_up(args[0].module, args[0].name)
            if known.standing == "review" and args[1].isupper():
                return self._made(args[0], args)
        self.report.calls += 1
        self.note(
            "pickle/denied-callable", "builtins.getattr is called: it reaches anything", "getattr"
        )
        return self._made(target, args)

    def _takes_nested(self, target: Global, args: tuple[Any, ...]) -> Any:
        """`torch.storage._load_from_bytes(bytes)`: a whole torch file, loaded with pickle."""
        content = self.content(args[0]) if len(args) == 1 else None
        if content is None:
            return self._refused(target, args)
        self.look_inside(content, f"the bytes given to {target}", certain=True)
        return self._made(target, args)

    # Literals that are pickles.

    def literal(self, raw: bytes) -> bytes:
        """Give `raw` back, after a look inside if it reads like a pickle."""
        if reads_like_a_pickle(raw[:2], raw[-1:]):
            self.look_inside(raw, "a byte string")
        return raw

    def long_literal(self, blob: Blob) -> None:
        """Look inside a long byte string if it reads like a pickle."""
        if blob.size > LONGEST_NESTED:
            return
        last = self.source.read(blob.start + blob.size - 1, 1)
        if reads_like_a_pickle(self.source.read(blob.start, 2), last):
            self.look_inside(self.source.read(blob.start, blob.size), "a byte string")

    def content(self, value: Any) -> bytes | None:
        """Give the bytes of a literal; None if it is none, or too long."""
        if isinstance(value, bytes):
            return value
        if not isinstance(value, Blob) or value.size > LONGEST_NESTED:
            return None
        raw = self.source.read(value.start, value.size)
        return (
            raw.decode("utf-8", "replace").encode("latin1", "replace")
            if value.kind == "latin1"
            else raw
        )

    def look_inside(self, raw: bytes, what: str, *, certain: bool = False) -> None:
        """Judge a pickle within; if it is not `certain` to be one, denials alone count."""
        inner = self.nested.all(Memory(raw))
        verdict = inner.verdict
        if not certain and verdict != "denied":
            return
        self.report.imports.update(inner.imports)
        for name in inner.reviewed:
            self.report.review(name)
        if verdict in {"denied", "unreadable"}:
            reason = next(iter(inner.notes.values())).message
            self.report.calls += 1
            self.note("pickle/nested-pickle", f"{what} is a pickle: {reason}", reason)


def reads_like_a_pickle(first: bytes, last: bytes) -> bool:
    """Whether bytes begin with a protocol mark or an import, and end with STOP."""
    if last != b".":
        return False
    return first[:1] in {b"c", b"("} or (first[:1] == b"\x80" and 2 <= first[1] <= 5)  # noqa: PLR2004 - protocols
