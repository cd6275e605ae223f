"""Programs and libraries beside the weights, by their first bytes."""

from collections.abc import Iterator
from itertools import islice

from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.scripts.commands import HOSTILE
from steelyard.weights.source import Source
from steelyard.weights.structured import read_text

PROGRAM = Rule(
    id="file/executable",
    title="Program or library among the weights",
    severity="high",
    effect="denied",
    what="A file is machine code or bytecode: ELF, PE, Mach-O, WebAssembly, a Java class, a "
    "Python bytecode file.",
    why="It runs as soon as something loads it, and a static look at weights says nothing "
    "about what it does.",
    fix="Remove it. Install what the model needs from its publisher's package, reviewed.",
    references=("CWE-506", "CWE-829"),
)
SHELL = Rule(
    id="file/shell-script",
    title="Shell script among the weights",
    severity="medium",
    effect="review",
    what="A file begins with `#!` and names an interpreter, or is a Windows batch file.",
    why="Instructions tell people to run it; nobody reads it first.",
    fix="Read it before you run it; remove it if the model does not need it.",
    references=("CWE-829",),
)

COMMAND = Rule(
    id="script/hostile-command",
    title="Command that fetches code, opens a shell or stays",
    severity="high",
    effect="denied",
    what="A script runs what it downloaded or decoded, connects a shell to another machine, "
    "deletes a home or root folder, or writes itself into what runs at log-in.",
    why="Whoever follows the instructions runs it; no model needs any of that.",
    fix="Do not run it. Install by the means of your system, from names you know.",
    references=("CWE-494", "MITRE ATT&CK T1059"),
)
MOST_SHOWN = 20

MAGICS: dict[bytes, str] = {
    b"\x7fELF": "ELF",
    b"\xfe\xed\xfa\xce": "Mach-O", b"\xfe\xed\xfa\xcf": "Mach-O",
    b"\xce\xfa\xed\xfe": "Mach-O", b"\xcf\xfa\xed\xfe": "Mach-O",
    b"\0asm": "WebAssembly",
    b"\xca\xfe\xba\xbe": "Java class or universal Mach-O",
    b"dex\n": "Dalvik",
    b"BC\xc0\xde": "LLVM bitcode",
    b"!<arch>\n": "static library",
    b"L\0\0\0\x01\x14\x02\0": "Windows shortcut",
}  # fmt: skip


def kind(source: Source) -> str:
    """What program the bytes are; nothing if none."""
    head = source.head
    for magic, name in MAGICS.items():
        if head.startswith(magic):
            return name
    if head[:2] == b"MZ" and len(head) >= 64:
        at = int.from_bytes(head[60:64], "little")
        if source.read(at, 4) == b"PE\0\0" or at > source.size or not head.isascii():
            return "PE (Windows)"
    # A .pyc: two bytes of version, CRLF, then flags, then a time or a hash.
    if head[2:4] == b"\r\n" and len(head) > 16 and head[4] < 4 and not any(head[5:8]):
        return "Python bytecode"
    return ""


class Executable(Reader):
    """Machine code and bytecode."""

    format = "executable"
    rules = (PROGRAM,)

    def sniff(self, source: Source) -> bool:
        """One of the known first bytes."""
        return bool(kind(source))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """The kind; no more."""
        yield PROGRAM.at(context.place(0, 4), f"{kind(source)} file {source.name}")


class Shell(Reader):
    """Scripts for a shell."""

    format = "shell"
    rank = 1
    rules = (SHELL, COMMAND)

    def sniff(self, source: Source) -> bool:
        """`#!`, or `@echo off`; Python's `#!` belongs to the Python reader."""
        line = source.head.split(b"\n", 1)[0].lower()
        shell = line.startswith(b"#!") and b"python" not in line
        batch = line.lstrip().startswith((b"@echo off", b"<#", b"param("))
        return shell or batch or source.name.lower().endswith((".ps1", ".bat", ".cmd", ".sh"))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """The interpreter."""
        line = source.head.split(b"\n", 1)[0][:100].decode("utf-8", "replace")
        words = read_text(source) or ""
        yield SHELL.at(context.place(0, len(line)), f"script for a shell: {line!r}")
        for found in islice(HOSTILE.finditer(words), MOST_SHOWN):
            number = words.count("\n", 0, found.start()) + 1
            place = context.place(detail=f"line {number}")
            yield COMMAND.at(place, f"line {number}: {found.group()[:200]!r}")
