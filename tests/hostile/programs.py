"""A small assembler for pickles: every hostile file is made by code and loaded by nobody."""

import pickle
import struct
from pathlib import Path

from steelyard.evidence.predicates.inspection import Inspection
from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

COMMAND = "true"
"""The payload of every program here."""


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def data(raw: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{attribute}\n".encode()


def stacked(module: str, attribute: str) -> bytes:
    """STACK_GLOBAL."""
    return text(module) + text(attribute) + b"\x93"


def args(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def call(module: str, attribute: str, *parts: bytes) -> bytes:
    """GLOBAL, a tuple, REDUCE."""
    return name(module, attribute) + args(*parts) + b"R"


def program(*parts: bytes, protocol: int = 2) -> bytes:
    """PROTO … STOP."""
    return b"\x80" + bytes([protocol]) + b"".join(parts) + b"."


SYSTEM = call("os", "system", text(COMMAND))
EVIL = program(SYSTEM)
EVIL_PLAIN = b"cos\nsystem\n(S'true'\ntR."
HARMLESS = pickle.dumps({"epoch": 3, "loss": [0.5, 0.25]}, 4)


def look(folder: Path, raw: bytes, file: str = "model.pkl") -> Inspection:
    """Inspect bytes as a file of a model of its own."""
    path = folder / file
    path.write_bytes(raw)
    return inspect(path, Settings(statistics=False, sandbox=False))


def rules(found: Inspection) -> set[str]:
    return {finding.rule for finding in found.findings}
