"""Pickles where none should be: as base64 in text, and at an offset in other files."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from steelyard.weights.archives.tars import is_tar
from steelyard.weights.archives.zips import is_zip
from steelyard.weights.pickles.cursor import BrokenStreamError
from steelyard.weights.pickles.report import Report
from steelyard.weights.pickles.rules import RULES as PICKLE_RULES
from steelyard.weights.pickles.scan import Scan
from steelyard.weights.reader import Context, Item, Member, Reader
from steelyard.weights.readers.compressed import kind_of
from steelyard.weights.readers.pickles import Pickle, told
from steelyard.weights.readers.seven_zip import is_seven_zip
from steelyard.weights.rules import Rule
from steelyard.weights.source import Memory, Source

SEARCHED = 4 << 20
"""Bytes of a file of another format that are searched."""

LONGEST_TEXT = 64 << 20
MOST_CANDIDATES = 500
BUDGET = 20_000
"""Opcodes that one candidate may cost."""

ENCODED = Rule(
    id="pickle/encoded",
    title="Pickle written as text",
    severity="high",
    effect="review",
    what="A text file holds a pickle, encoded as base64 or in hexadecimal digits.",
    why="Some program decodes and loads it; there is no other use for it.",
    fix="Ask the publisher what it is for; refuse it if the model works without.",
    references=("CWE-502",),
)
EMBEDDED = Rule(
    id="pickle/embedded",
    title="Pickle inside another file",
    severity="high",
    effect="review",
    what="A whole pickle that imports something stands in the middle of a file of another format.",
    why="A loader that is given the offset runs it; a scanner that goes by the format "
    "does not look.",
    fix="Ask the publisher what it is for; refuse it if the model works without.",
    references=("CWE-502", "CWE-506"),
)

_RUN = re.compile(rb"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(rb"(?:80|1[fF]8[bB]|504[bB])[0-9A-Fa-f]+")
"""A pickle, gzip or zip written in hexadecimal digits."""

_START = re.compile(
    rb"\x80[\x02-\x05][\x95(\x8a\x8c\x58\x63\x5d\x7d\x4b\x43\x55\x28\x4e]"
    rb"|c(?:posix|os|nt|builtins|__builtin__|subprocess|sys|runpy|importlib|pickle|_pickle|operator"
    rb"|pty|socket|shutil|torch[\w.]*|numpy[\w.]*|copyreg|copy_reg|collections|_codecs|codecs"
    rb"|webbrowser|pip[\w.]*|ctypes|marshal|types|code|asyncio[\w.]*)\n[A-Za-z_]\w*\n"
)


class Encoded(Reader):
    """Base64 runs of a text file that decode to a pickle or to something packed."""

    format = "text"
    rank = 2
    rules: ClassVar[Sequence[Rule]] = (ENCODED,)

    def sniff(self, source: Source) -> bool:
        """Whether the file is text with a long base64 run in its beginning or middle."""
        head = source.head
        if not head or b"\0" in head or source.size > LONGEST_TEXT:
            return False
        return any(_decoded(run.group()) for run in _runs(source))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Give what the runs decode to."""
        for run in _runs(source):
            raw = _decoded(run.group())
            if raw:
                start, end = run.span()
                yield ENCODED.at(context.place(start, end), f"{end - start} characters of base64")
                yield Member(name=f"(base64 at {start})", source=Memory(raw, "base64"))


def _runs(source: Source) -> Iterator[re.Match[bytes]]:
    """Give base64 runs that may begin a pickle."""
    return _RUN.finditer(source.read(0, min(source.size, LONGEST_TEXT)))


def _decoded(run: bytes) -> bytes:
    """Decode a run; empty unless a pickle that imports or is marked, or packed data, comes out."""
    bare = run.rstrip(b"=")
    hexadecimal = len(run) % 2 == 0 and _HEX.fullmatch(run) is not None
    try:
        raw = (
            bytes.fromhex(run.decode())
            if hexadecimal
            else base64.b64decode(
                bare + b"=" * (-len(bare) % 4),
                altchars=b"-_" if b"_" in bare or b"-" in bare else None,
            )
        )
    except (binascii.Error, ValueError):
        return b""
    source = Memory(raw, "base64")
    if raw[:1] == b"\x80" or raw[:1] in b"c(":
        report = Report()
        try:
            Scan(budget=BUDGET).one(source, 0, report)
        except BrokenStreamError:
            return raw if report.calls else b""
        return raw
    if raw[:2] in {b"\x1f\x8b", b"PK", b"BZ", b"\xfd7", b"\x78\x9c"} and kind_of(source) + str(
        is_zip(source) or ""
    ):
        return raw
    return b""


class Embedded(Reader):
    """Pickles at an offset of a file that is neither a pickle nor an archive."""

    format = "embedded-pickle"
    calls = True
    rules: ClassVar[Sequence[Rule]] = (EMBEDDED, *PICKLE_RULES)

    def sniff(self, source: Source) -> bool:
        """Whether a whole pickle that imports something stands somewhere."""
        if is_zip(source) or is_tar(source) or kind_of(source) or is_seven_zip(source):
            return False
        if source.head[:6] == b"\x93NUMPY":
            return False
        if Pickle().sniff(source):
            return False
        return next(_candidates(source), None) is not None

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Judge each of them."""
        for start, end, report in _candidates(source):
            yield EMBEDDED.at(context.place(start, end), f"a pickle stands at byte {start}")
            yield from told(report, context)


def _candidates(source: Source) -> Iterator[tuple[int, int, Report]]:
    """Give begin, end and judgement of pickles that import something."""
    text = source.read(0, min(source.size, SEARCHED))
    after, count = 1, 0
    for match in _START.finditer(text, 1):
        start = match.start()
        if start < after or count >= MOST_CANDIDATES:
            continue
        count += 1
        report = Report()
        try:
            end = Scan(budget=BUDGET).one(source, start, report)
        except BrokenStreamError:
            if not report.calls:
                continue
            end = start + len(match.group())
        if report.imports and (report.made or report.verdict == "denied"):
            after = end
            yield start, end, report
