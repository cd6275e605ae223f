"""Python source and notebooks."""

import re
from collections.abc import Iterator
from typing import Any

from steelyard.weights.reader import Context, Import, Item, Member, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.scripts.analysis import Deed, read
from steelyard.weights.scripts.commands import HOSTILE
from steelyard.weights.source import Memory, Source
from steelyard.weights.structured import (
    looks_like_json_object,
    looks_like_text,
    read_object,
    read_text,
)

CODE = Rule(
    id="python/code",
    title="Python code among the weights",
    severity="low",
    effect="review",
    what="A file is Python source.",
    why="With `trust_remote_code`, or when someone follows the instructions, it runs with the "
    "rights of whoever loads the model.",
    fix="Read it, and pin the revision that you read.",
    references=("CWE-829",),
)
IMPORT = Rule(
    id="python/runs-on-import",
    title="Code that acts as soon as it is imported",
    severity="critical",
    effect="denied",
    what="At import, the file runs other programs or code that it builds, loads a library or a "
    "pickle, opens a connection or deletes files.",
    why="It has happened before the first line of yours runs.",
    fix="Refuse the file. Ask the publisher to move the act into a function, and to say why.",
    references=("CWE-506", "CWE-94"),
)
ACT = Rule(
    id="python/dangerous-call",
    title="Code that can run or send things",
    severity="high",
    effect="review",
    what="A function or method runs other programs or code that it builds, loads a native "
    "library, or unpickles.",
    why="Building the model calls such methods; what they run is not in what you inspected.",
    fix="Read the function and what it runs.",
    references=("CWE-94", "CWE-78", "CWE-502"),
)
NETWORK = Rule(
    id="python/network",
    title="Code that opens connections",
    severity="medium",
    effect="review",
    what="A function or method opens a network connection.",
    why="Prompts and files can leave through it; what comes back can be anything.",
    fix="Read the function; run the model without a network.",
    references=("CWE-200", "CWE-494"),
)
OBFUSCATED = Rule(
    id="python/obfuscated",
    title="Code that hides what it does",
    severity="high",
    effect="review",
    what="The file decodes a long literal, or reaches functions through Python's internals.",
    why="Honest code has no reason to; what comes out is not in what you read.",
    fix="Refuse the file unless you decoded the literal yourself.",
    references=("CWE-506",),
)
UNREADABLE = Rule(
    id="python/unreadable",
    title="Python that does not parse",
    severity="medium",
    effect="review",
    what="A `.py` file isn't valid Python of this version, or nested too deep.",
    why="It was not looked at.",
    fix="Read it yourself.",
)
START_UP = Rule(
    id="python/start-up",
    title="Code that every start of Python runs",
    severity="high",
    effect="review",
    what="A file is called `sitecustomize.py` or `usercustomize.py`, or is a `.pth` file of text "
    "with a line that begins with `import`.",
    why="Python runs it whenever it starts with the folder on its path; nobody has to import it.",
    fix="Remove the file; no model needs it.",
    references=("https://docs.python.org/3/library/site.html", "MITRE ATT&CK T1546.018"),
)
MAGIC = Rule(
    id="notebook/shell",
    title="Notebook that runs shell commands",
    severity="low",
    effect="review",
    what="A cell begins with `!` or a cell magic that runs a program.",
    why="Whoever runs the notebook runs the command.",
    fix="Read the cell first.",
)
OUTPUT = Rule(
    id="notebook/output-script",
    title="Script in a notebook's stored output",
    severity="high",
    effect="review",
    what="A stored output holds HTML with a script, JavaScript, or a frame with another page.",
    why="Viewers that trust the notebook run it without any cell being run.",
    fix="Clear the outputs.",
    references=("CVE-2021-32797", "CVE-2024-43805", "CWE-79"),
)
RULES = (CODE, IMPORT, ACT, NETWORK, OBFUSCATED, UNREADABLE, START_UP)

START = re.compile(rb"^(?:import [\w.]+|from [\w.]+ import )", re.MULTILINE)
PTH = re.compile(r"^import[ \t]", re.MULTILINE)
SCRIPT = re.compile(r"<script\b|\bon(?:error|load)\s*=|javascript:", re.IGNORECASE)
FRAME = re.compile(r"<(?:iframe|object|embed|applet)\b", re.IGNORECASE)
SHELL_CALL = re.compile(r"get_ipython\(\)\s*\.\s*(?:system|getoutput|run_cell_magic)\b[^\n]{0,80}")
MOST_DEEDS = 100


class Python(Reader):
    """Source that imports something, or is called `.py`."""

    format = "python"
    rank = 1
    rules = RULES

    def sniff(self, source: Source) -> bool:
        """Python's `#!`, an import at a line's start near the top, or the name."""
        head = source.head
        if source.name.lower().endswith((".py", ".pyw", ".pth", ".pyi")):
            return True
        shebang = head.startswith(b"#!") and b"python" in head.split(b"\n", 1)[0]
        first = head.lstrip()[:1]
        prose = first in b"#{[<" if first else True
        return looks_like_text(source) and (
            shebang or (not prose and START.search(head) is not None and b"```" not in head)
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Deeds, worst first by rule; imports as what loading would import."""
        words = read_text(source)
        place = context.place()
        if _starts_up(source, words or ""):
            yield START_UP.at(place, f"{source.name} runs whenever Python starts beside it")
        try:
            reading = read(words or "")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if source.name.lower().endswith(".py"):
                yield UNREADABLE.at(place, f"{source.name}: {type(error).__name__}: {error}")
            return
        imports = ", ".join(reading.imports) or "nothing"
        yield CODE.at(place, f"Python source that imports {imports[:300]}")
        for name in reading.imports:
            yield Import(name=name)
        for deed in reading.deeds[:MOST_DEEDS]:
            where = context.place(detail=f"line {deed.line}")
            rule, when = _rule(deed), "on import" if deed.on_import else "when called"
            if deed.kind != "writes" or deed.on_import:
                yield rule.at(where, f"line {deed.line}: {deed.name}, {when}")


def _starts_up(source: Source, words: str) -> bool:
    """Whether Python's `site` module runs the file (its documentation names all three)."""
    name = re.split(r"[/\\]", source.name.lower())[-1]
    if name.endswith(".pth"):
        return looks_like_text(source) and PTH.search(words) is not None
    return name in ("sitecustomize.py", "usercustomize.py")


def _rule(deed: Deed) -> Rule:
    if deed.on_import and deed.kind != "obfuscated":
        return IMPORT
    match deed.kind:
        case "network":
            return NETWORK
        case "obfuscated":
            return OBFUSCATED
        case _:
            return ACT


class Notebook(Reader):
    """Jupyter notebooks."""

    format = "notebook"
    rank = 1
    rules = (MAGIC, OUTPUT)

    def sniff(self, source: Source) -> bool:
        """A JSON object with cells, told by keys that stand early or late in it."""
        keys = (b'"cells"', b'"nbformat"', b'"cell_type"')
        return looks_like_json_object(source) and any(
            key in source.head or key in source.tail for key in keys
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Code cells as one Python member; shell lines and scripts in outputs."""
        document = read_object(source) or {}
        code: list[str] = []
        for index, cell in enumerate(document.get("cells") or ()):
            if isinstance(cell, dict):
                place = context.place(detail=f"cell {index}")
                if cell.get("cell_type") == "code":
                    text = _joined(cell.get("source"))
                    code += [line for line in text.splitlines() if line[:1] not in ("!", "%")]
                    for line in text.splitlines():
                        if line.startswith(("!", "%%bash", "%%sh", "%%script", "%system")):
                            yield MAGIC.at(
                                place,
                                f"cell {index}: {line[:200]}",
                                severity="high" if HOSTILE.search(text) else None,
                            )
                    for call in SHELL_CALL.finditer(text):
                        yield MAGIC.at(
                            place,
                            f"cell {index}: {call[0]}",
                            severity="high" if HOSTILE.search(text) else "medium",
                        )
                elif SCRIPT.search(_joined(cell.get("source"))):
                    yield OUTPUT.at(place, f"cell {index}: script in its text", severity="medium")
                yield from _output(_html(cell.get("outputs")), index, context)
        if code:
            data = "\n".join(code).encode("utf-8", "replace")
            yield Member(name="cells.py", source=Memory(data, "cells"))


def _output(html: str, index: int, context: Context) -> Iterator[Item]:
    place = context.place(detail=f"cell {index}")
    if SCRIPT.search(html):
        yield OUTPUT.at(place, f"cell {index}: script in its output")
    elif FRAME.search(html):
        yield OUTPUT.at(place, f"cell {index}: another page in its output", severity="medium")


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _html(outputs: Any) -> str:
    found: list[str] = []
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        if isinstance(data, dict):
            for kind, value in data.items():
                if kind in ("text/html", "text/markdown", "image/svg+xml"):
                    found.append(_joined(value))
                if kind == "application/javascript":
                    found.append("<script")
    return "\n".join(found)
